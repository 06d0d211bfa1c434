"""A training run: snapshot, fit, evaluate, gate; each step can be repeated."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max

from activelearn.core import artifact, evaluation, gate, training
from activelearn.models import (
    Evaluation,
    ModelVersion,
    ScoringRun,
    Snapshot,
    TrainingRun,
)
from activelearn.services import features, files, ranking, registry
from labeling.models import Item, Project
from labeling.services.transfer import predictions
from labeling.services.votes import settle
from labeling.services.work import jobs

Answers = dict[int, tuple[str, ...]]
SCORE_CHUNK = 50_000


@dataclass(frozen=True)
class Material:
    """All items' rows in the order of their ids, and where each item's row is."""

    ids: features.Ids
    rows: Any

    def rows_of(self, item_ids: Sequence[int]) -> Any:
        """Return the rows of ``item_ids``, in their order."""
        return self.rows[np.searchsorted(self.ids, np.array(item_ids, dtype=np.int64))]

    def known(self, answers: Answers) -> Answers:
        """Return the answers to items that have a row: others came in since."""
        here = set(self.ids.tolist())
        return {pk: labels for pk, labels in answers.items() if pk in here}


def run(progress: jobs.Progress) -> dict[str, Any]:
    """Train, judge and, where the evidence is good, promote.

    What it writes goes with a word to the job's row in one transaction: a worker that
    was taken over writes nothing any more. A run that is judged is not judged again.
    """
    training_run = TrainingRun.objects.select_related("project").get(job=progress.job)
    if training_run.verdict:
        return {"verdict": training_run.verdict}
    project = training_run.project
    progress.report(done=0, total=5, stage="features")
    material = Material(*features.load(project))
    progress.report(done=1, stage="snapshot")
    truth = material.known(_labels(project, Item.Split.POOL))
    with transaction.atomic():
        progress.report(done=2, stage="fit")
        snapshot = _snapshot(project, truth)
        training_run.snapshot, training_run.labels = snapshot, len(truth)
        training_run.save(update_fields=["snapshot", "labels"])
    progress.log(f"snapshot {snapshot.sha256[:12]} of {len(truth)} labels")
    try:
        model = training.fit(
            material.rows_of(list(truth)),
            list(truth.values()),
            is_multi=project.is_multi,
            seed=project.seed,
        )
    except ValueError as error:
        with transaction.atomic():
            progress.report()
            return _conclude(training_run, "no model", str(error))
    with transaction.atomic():
        progress.report(done=3, stage="evaluate")
        version = _register(training_run, model)
    verdict = _judge(version, model, material, progress)
    return _decide(training_run, version, verdict, progress)


def _decide(
    training_run: TrainingRun,
    version: ModelVersion,
    verdict: gate.Comparison,
    progress: jobs.Progress,
) -> dict[str, Any]:
    """Promote or reject, with the verdict in the same transaction."""
    with transaction.atomic():
        progress.report(done=5, stage="gate")
        if verdict.verdict == "promote":
            registry.promote(version, training_run.requested_by)
        else:
            ModelVersion.objects.filter(
                pk=version.pk, stage=ModelVersion.Stage.CHALLENGER
            ).update(stage=ModelVersion.Stage.REJECTED)
        return _conclude(training_run, verdict.verdict, verdict.explanation)


def _labels(project: Project, split: str) -> Answers:
    """Return the current labels of a split, sorted by item; empty answers only in multi."""
    found = settle.take_labels(project, split)
    return {pk: tuple(labels) for pk, labels in found if labels or project.is_multi}


def _snapshot(project: Project, truth: Answers) -> Snapshot:
    rows = [[pk, list(labels)] for pk, labels in truth.items()]
    data = json.dumps(rows, ensure_ascii=True).encode()
    snapshot, _ = Snapshot.objects.get_or_create(
        project=project,
        sha256=files.save("snapshots", data),
        defaults={"items": len(rows), "label_set_id": project.label_set_pk},
    )
    return snapshot


def _register(training_run: TrainingRun, model: training.LinearModel) -> ModelVersion:
    """Write the model's file, then its row; a repeated run finds its own again."""
    project = training_run.project
    if before := ModelVersion.objects.filter(run=training_run).first():
        return before
    spec = features.spec_of(project)
    data = artifact.dump(model, spec)
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        newest = ModelVersion.objects.filter(project=project).aggregate(n=Max("number"))
        return ModelVersion.objects.create(
            project=project,
            number=(newest["n"] or 0) + 1,
            run=training_run,
            snapshot_id=training_run.snapshot_id or 0,
            parent=registry.champion(project),
            label_set_id=project.label_set_pk,
            spec_hash=features.hash_of(spec),
            sha256=files.save("models", data),
            size=len(data),
            seed=project.seed,
            environment=_environment(),
        )


def _environment() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: installed(name) for name in ("numpy", "scipy", "scikit-learn")},
    }


def _judge(
    version: ModelVersion,
    model: training.LinearModel,
    material: Material,
    progress: jobs.Progress,
) -> gate.Comparison:
    """Compare with the champion, or with always saying the commonest label."""
    truth = material.known(_labels(version.project, Item.Split.EVALUATION))
    champion = registry.champion(version.project)
    if not truth:
        return gate.compare([], [], name="nothing")
    rows = material.rows_of(list(truth))
    answers = list(truth.values())
    score = evaluation.score(answers, _answers(model, rows))
    if champion is None:
        common = evaluation.majority(answers)
        before = [answer == common for answer in answers]
        name = "always saying the commonest label"
    else:
        given = _answers(registry.load(champion), rows)
        before = evaluation.score(answers, given).hits
        name = f"version {champion.number}"
    found = gate.compare(before, score.hits, name=name)
    with transaction.atomic():
        progress.report(done=4)
        _keep(version, champion, (list(truth), before, score), found)
    progress.log(f"accuracy {score.accuracy:.3f}, macro-F1 {score.macro_f1:.3f}")
    progress.log(found.explanation)
    return found


def _answers(model: training.LinearModel, rows: Any) -> list[tuple[str, ...]]:
    return training.answers_of(model, model.probabilities(rows))


def _keep(
    version: ModelVersion,
    champion: ModelVersion | None,
    evidence: tuple[list[int], list[bool], evaluation.Score],
    found: gate.Comparison,
) -> None:
    items, before, score = evidence
    Evaluation.objects.update_or_create(
        model=version,
        defaults={
            "champion": champion,
            "items": found.n,
            "items_hash": hashlib.sha256(json.dumps(items).encode()).hexdigest(),
            "accuracy": score.accuracy,
            "macro_f1": score.macro_f1,
            "labels": [asdict(one) for one in score.labels],
            "better": found.better,
            "worse": found.worse,
            "lower_bound": found.lower_bound,
            "mid_p": found.mid_p,
            "rule": gate.RULE,
            "verdict": found.verdict,
            "outcomes": {
                str(pk): [old, new]
                for pk, old, new in zip(items, before, score.hits, strict=True)
            },
        },
    )


def _conclude(training_run: TrainingRun, verdict: str, why: str) -> dict[str, Any]:
    training_run.verdict, training_run.explanation = verdict, why
    training_run.save(update_fields=["verdict", "explanation"])
    return {"verdict": verdict}


def _learned_from(version: ModelVersion) -> set[int]:
    """Return the items of the snapshot that a model was trained on."""
    rows = json.loads(files.read("snapshots", version.snapshot.sha256))
    return {pk for pk, _ in rows}


def score(progress: jobs.Progress) -> dict[str, Any]:
    """Score the pool with the model that serves now, and publish its predictions."""
    project = progress.job.project
    champion = registry.champion_in_turn(project) if project else None
    if project is None or champion is None:
        return {}
    material = Material(*features.load(project))
    model = registry.load(champion)
    pool = list(
        Item.objects.filter(project=project)
        .pool()
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    known = set(material.ids.tolist())
    pool = [pk for pk in pool if pk in known]
    scored: list[tuple[int, str, float]] = []
    for start in range(0, len(pool), SCORE_CHUNK):
        chunk = pool[start : start + SCORE_CHUNK]
        probabilities = model.probabilities(material.rows_of(chunk))
        best = probabilities.argmax(axis=1)
        scored += [
            (pk, model.labels[place], float(row[place]))
            for pk, place, row in zip(chunk, best, probabilities, strict=True)
        ]
        progress.report(done=len(scored), total=len(pool), stage="scoring")
    learned = _learned_from(champion)
    with transaction.atomic():
        predictions.publish(project.pk, champion.number, scored, trained_on=learned)
        ScoringRun.objects.create(project=project, model=champion, items=len(scored))
        # Last, for the job's row is locked from here on: who lost it takes all back.
        progress.report(stage="published")
    if (serving := registry.champion(project)) and serving != champion:
        registry.request_scores(serving)
    ranking.request_order(project.pk)
    return {"items": len(scored)}
