"""The judgment of a model on the held-out items, kept under the hash of its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import msgspec

from activelearn.core import evaluation, gate, training
from activelearn.core.features import Table
from activelearn.models import Evaluation, ModelVersion
from activelearn.services import features, files, registry, snapshots, verdicts
from labeling.errors import ConflictError
from labeling.messages import Message
from labeling.models import Item
from labeling.services.votes import relabel


@dataclass(frozen=True)
class Judgment:
    """A version beside the champion of that moment, item by item.

    sha256: of the version's bytes that were judged. champion: its number, or None before
    the first. items: of the evaluation split, with what was right before (``hits``) and
    what is right now (in ``score``, which is None without any item). Where there is no
    champion, or it ``is_refused`` because its features cannot be computed any more,
    always saying the commonest label took its part.
    """

    sha256: str
    champion: int | None
    items: list[int]
    hits: list[bool]
    score: evaluation.Score | None
    comparison: gate.Comparison
    is_refused: bool = False

    @property
    def verdict(self) -> gate.GateVerdict:
        """What the gate says."""
        return self.comparison.verdict

    @property
    def explanation(self) -> Message:
        """Why the gate says so."""
        against = (
            verdicts.MAJORITY
            if self.champion is None or self.is_refused
            else verdicts.version(self.champion)
        )
        return verdicts.explain(self.comparison, against)


def judge(version: ModelVersion, table: Table) -> Judgment:
    """Compare with the champion, or with always saying the commonest label.

    Each answers from the features of its own file, in the labels of today. Raises
    DamagedError where a model's bytes are not those that were saved.
    """
    while True:
        label_set_id = relabel.in_force(version.project_id)
        judgment = _judged(version, table)
        # Truth and answers are read one after the other: labels that changed between
        # them would make each other wrong.
        if relabel.in_force(version.project_id) == label_set_id:
            return judgment


def _judged(version: ModelVersion, table: Table) -> Judgment:
    truth = snapshots.labels_of(version.project, Item.Split.EVALUATION, table)
    champion = registry.champion(version.project)
    if champion == version:
        # A person was quicker than the gate: judged against what served before.
        champion = version.parent
    hits: list[bool] = []
    score = None
    is_refused = False
    if truth:
        labels = list(truth.values())
        # From the file, and not from the memory of who made it: what is judged has to
        # be what is promoted.
        score = evaluation.score(labels, _predicted(version, truth, table))
        try:
            predicted = _predicted(champion, truth, table)
        except ConflictError:
            # What can be computed no more serves nobody, and must not block the next.
            predicted, is_refused = _predicted(None, truth, table), True
        hits = evaluation.score(labels, predicted).hits
    return Judgment(
        sha256=version.sha256,
        champion=champion.number if champion else None,
        items=list(truth),
        hits=hits,
        score=score,
        comparison=gate.compare(
            hits,
            score.hits if score else [],
            is_first=champion is None or is_refused,
        ),
        is_refused=is_refused,
    )


def _predicted(
    version: ModelVersion | None, truth: snapshots.LabelsOf, table: Table
) -> list[evaluation.Labels]:
    """Return what a version says of the items, or the commonest label for each.

    table: by today's specification, which need not be the version's. Raises what
    ``registry.load`` raises.
    """
    if version is None:
        return [evaluation.majority(list(truth.values()))] * len(truth)
    model, spec = registry.load(version)
    table = features.load_beside(table, version.project, spec)
    rows = table.rows_of(list(truth))
    return training.predicted_labels(model, model.probabilities(rows))


def keep(version: ModelVersion, judgment: Judgment) -> str:
    """Write a judgment to a file and to the version's evaluation; return its hash."""
    sha256 = files.save("judgments", msgspec.json.encode(judgment))
    if judgment.score is not None:
        _evaluate(version, judgment, judgment.score)
    return sha256


def read(sha256: str) -> Judgment:
    """Return a judgment that was kept.

    Raises FileNotFoundError where its file is gone.
    """
    return msgspec.json.decode(files.read("judgments", sha256), type=Judgment)


def _evaluate(
    version: ModelVersion, judgment: Judgment, score: evaluation.Score
) -> None:
    comparison, items = judgment.comparison, judgment.items
    champion = (
        None
        if judgment.champion is None
        else registry.version(version.project, judgment.champion)
    )
    Evaluation.objects.update_or_create(
        model=version,
        defaults={
            "champion": champion,
            "sha256": judgment.sha256,
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
                for pk, old, new in zip(items, judgment.hits, score.hits, strict=True)
            },
        },
    )
