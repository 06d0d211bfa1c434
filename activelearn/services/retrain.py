"""A training run: snapshot, fit, evaluate, gate; each step can be repeated."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import version as installed
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop as noop

from activelearn.core import artifact, evaluation, gate, training
from activelearn.core.features import Rows, Table
from activelearn.models import (
    Evaluation,
    ModelVersion,
    Snapshot,
    TrainingRun,
)
from activelearn.services import features, files, registry, verdicts
from labeling.messages import Message, message
from labeling.models import Item, Project
from labeling.services.votes import resolutions
from labeling.services.work.progress import Progress

LabelsOf = dict[int, evaluation.Labels]


def run(progress: Progress) -> dict[str, Any]:
    """Train, judge and, where the evidence is good, promote.

    Each write shares a transaction with a report to the job's row, so a worker that lost
    the job writes nothing any more. A run that has its verdict is not judged again.
    Raises what ``Progress.report`` raises.
    """
    training_run = TrainingRun.objects.select_related("project").get(job=progress.job)
    if training_run.verdict:
        return {"verdict": training_run.verdict}
    project = training_run.project
    progress.report(done=0, total=5, stage=noop("features"))
    table = features.load(project)
    progress.report(done=1, stage=noop("snapshot"))
    truth = _truth(project, Item.Split.POOL, table)
    with transaction.atomic():
        progress.report(done=2, stage=noop("fit"))
        snapshot = _snapshot(project, truth)
        training_run.snapshot, training_run.label_count = snapshot, len(truth)
        training_run.save(update_fields=["snapshot", "label_count"])
    progress.log(
        message(
            "snapshot %(hash)s of %(labels)s labels",
            hash=snapshot.sha256[:12],
            labels=len(truth),
        )
    )
    try:
        model = training.fit(
            table.rows_of(list(truth)),
            list(truth.values()),
            is_multi=project.is_multi,
            seed=project.seed,
        )
    except ValueError as error:
        with transaction.atomic():
            progress.report()
            return _conclude(training_run, "no model", verdicts.why_no_model(error))
    with transaction.atomic():
        progress.report(done=3, stage=noop("evaluate"))
        version = _register(training_run, model)
    comparison, explanation = _judge(version, model, table, progress)
    judgement = (comparison.verdict, explanation)
    return _decide(training_run, version, judgement, progress)


def _decide(
    training_run: TrainingRun,
    version: ModelVersion,
    judgement: tuple[gate.GateVerdict, Message],
    progress: Progress,
) -> dict[str, Any]:
    """Promote or reject, with the verdict in the same transaction."""
    verdict, explanation = judgement
    with transaction.atomic():
        progress.report(done=5, stage=noop("gate"))
        if verdict == "promote":
            registry.promote(version, training_run.requested_by)
        else:
            ModelVersion.objects.filter(
                pk=version.pk, stage=ModelVersion.Stage.CHALLENGER
            ).update(stage=ModelVersion.Stage.REJECTED)
        return _conclude(training_run, verdict, explanation)


def _truth(project: Project, split: str, table: Table) -> LabelsOf:
    """Return the current labels of a split's items that have a row, sorted by item.

    An item without any label counts in a project with several labels alone.
    """
    labels = {
        pk: tuple(names)
        for pk, names in resolutions.take_labels(project, split)
        if names or project.is_multi
    }
    return {pk: labels[pk] for pk in table.covered(labels)}


def _snapshot(project: Project, truth: LabelsOf) -> Snapshot:
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
        # Behind the lock: else two runs may read the same number, and one would fail.
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
    table: Table,
    progress: Progress,
) -> tuple[gate.Comparison, Message]:
    """Compare with the champion, or with always saying the commonest label."""
    truth = _truth(version.project, Item.Split.EVALUATION, table)
    champion = registry.champion(version.project)
    if not truth:
        none = gate.compare([], [])
        return none, verdicts.explain(none, verdicts.MAJORITY)
    rows = table.rows_of(list(truth))
    labels = list(truth.values())
    score = evaluation.score(labels, _predicted(model, rows))
    if champion is None:
        common = evaluation.majority(labels)
        before = [names == common for names in labels]
        against = verdicts.MAJORITY
    else:
        predicted = _predicted(registry.load(champion), rows)
        before = evaluation.score(labels, predicted).hits
        against = verdicts.version(champion.number)
    comparison = gate.compare(before, score.hits)
    explanation = verdicts.explain(comparison, against)
    with transaction.atomic():
        progress.report(done=4)
        _keep(version, champion, (list(truth), before, score), comparison)
    progress.log(
        message(
            "accuracy %(accuracy)s, macro-F1 %(f1)s",
            accuracy=f"{score.accuracy:.3f}",
            f1=f"{score.macro_f1:.3f}",
        )
    )
    progress.log(explanation)
    return comparison, explanation


def _predicted(model: training.LinearModel, rows: Rows) -> list[evaluation.Labels]:
    return training.predicted_labels(model, model.probabilities(rows))


def _keep(
    version: ModelVersion,
    champion: ModelVersion | None,
    evidence: tuple[list[int], list[bool], evaluation.Score],
    comparison: gate.Comparison,
) -> None:
    items, before, score = evidence
    Evaluation.objects.update_or_create(
        model=version,
        defaults={
            "champion": champion,
            "items": comparison.n,
            "items_hash": hashlib.sha256(json.dumps(items).encode()).hexdigest(),
            "accuracy": score.accuracy,
            "macro_f1": score.macro_f1,
            "labels": [asdict(label) for label in score.labels],
            "better": comparison.better,
            "worse": comparison.worse,
            "lower_bound": comparison.lower_bound,
            "mid_p": comparison.mid_p,
            "rule": gate.RULE,
            "verdict": comparison.verdict,
            "outcomes": {
                str(pk): [old, new]
                for pk, old, new in zip(items, before, score.hits, strict=True)
            },
        },
    )


def _conclude(training_run: TrainingRun, verdict: str, why: Message) -> dict[str, Any]:
    training_run.verdict, training_run.explanation = verdict, why
    training_run.save(update_fields=["verdict", "explanation"])
    return {"verdict": verdict}
