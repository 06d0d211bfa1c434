"""The judgment of a model on the held-out items, kept under the hash of its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from activelearn.core import evaluation, gate, training
from activelearn.core.features import Table
from activelearn.core.leaks import Leaks
from activelearn.core.report import Report
from activelearn.models import Evaluation, LearningPolicy, ModelVersion, TrainingRun
from activelearn.services.features import files
from activelearn.services.judging import evidence, leaking, verdicts
from activelearn.services.labels import snapshots
from activelearn.services.versions import registry
from labeling.errors import ConflictError
from labeling.messages import Message, message
from labeling.models import Item, Project
from labeling.services.transfer import beyond
from labeling.services.votes import relabel
from labeling.services.work.transactions import lock_project

JudgmentVerdict = gate.GateVerdict | Literal["leak"]


@dataclass(frozen=True)
class Judgment:
    """A version beside the champion of that moment, item by item.

    sha256: of the version's bytes that were judged. champion: its number, or None before
    the first. items: of the evaluation split, with what was right before (``hits``) and
    what is ``right`` now; truth and predicted: their labels, and those of the version.
    report: None without any item. Where there is no champion, or it ``is_refused``
    because its features cannot be computed any more, always saying the commonest label
    took its part.
    """

    sha256: str
    champion: int | None
    items: list[int]
    hits: list[bool]
    comparison: gate.Comparison
    is_refused: bool = False
    # Judgments of earlier releases have none of these.
    right: list[bool] = field(default_factory=list)
    truth: list[evaluation.Labels] = field(default_factory=list)
    predicted: list[evaluation.Labels] = field(default_factory=list)
    sureness: list[float] = field(default_factory=list)
    report: Report | None = None
    leaks: Leaks = field(default_factory=Leaks)
    # The labels in whose words truth and predictions are.
    label_set: int | None = None

    @property
    def verdict(self) -> JudgmentVerdict:
        """What the gate says; "leak" where too many held-out items are known to it."""
        return "leak" if self.leaks.are_too_many else self.comparison.verdict

    @property
    def explanation(self) -> Message:
        """Why the gate says so."""
        if self.leaks.are_too_many:
            return verdicts.why_leak(self.leaks)
        against = (
            verdicts.MAJORITY
            if self.champion is None or self.is_refused
            else verdicts.version(self.champion)
        )
        return verdicts.explain(self.comparison, against)


def judge(version: ModelVersion, table: Table) -> Judgment:
    """Compare with the champion, or with always saying the commonest label.

    Each predicts from the features of its own file, in the labels of today. Raises
    what ``evidence.opened`` raises, and NotFoundError where the project has been deleted.
    """
    while True:
        label_set_id = relabel.in_force(version.project_id)
        judgment = _judged(version, table)
        # Truth and predictions are read one after the other: labels that changed between
        # them would make each other wrong.
        if relabel.in_force(version.project_id) == label_set_id:
            return replace(judgment, label_set=label_set_id)


def _judged(version: ModelVersion, table: Table) -> Judgment:
    labeled = snapshots.labels_of(version.project, Item.Split.EVALUATION, table)
    learned = snapshots.items_of(version.snapshot)
    shares = snapshots.undecided_of(version.project, Item.Split.EVALUATION, table)
    extra = snapshots.beyond_of(version.project, table)
    leaks = leaking.check(version.project, learned, [*labeled, *shares, *extra])
    truth, shares = leaks.kept(labeled), leaks.kept(shares)
    champion = registry.champion(version.project)
    if champion == version:
        # A person was quicker than the gate: judged against what served before.
        champion = version.parent
    number = champion.number if champion else None
    if not truth:
        return _of_nothing(version, number, leaks)
    items = evidence.held(truth, shares)
    # From the file, and not from the memory of who made it: what is judged has to
    # be what is promoted.
    witness = evidence.opened(version, table)
    probabilities, calibration = evidence.on_held_out(witness, items)
    predicted = training.predicted_labels(probabilities, probabilities.table)
    before, is_refused = _predicted_before(champion, items, table)
    is_first = champion is None or is_refused
    report = evidence.report_of(
        witness,
        items,
        (probabilities, calibration),
        None if is_first else before,
        _beyond(witness, champion, leaks.kept(extra), table),
    )
    hits, right = items.judged(before).hits, items.judged(predicted).hits
    return Judgment(
        sha256=version.sha256,
        champion=number,
        items=list(truth),
        hits=hits,
        comparison=gate.compare(
            hits,
            right,
            _terms(version.project, is_first=is_first),
            report.parts,
            items.groups,
        ),
        is_refused=is_refused,
        right=right,
        truth=items.labels,
        predicted=predicted,
        sureness=probabilities.sureness,
        leaks=leaks,
        report=report,
    )


def _of_nothing(version: ModelVersion, number: int | None, leaks: Leaks) -> Judgment:
    """Return the judgment where nothing is held out yet: the version waits by it."""
    asked = _terms(version.project, is_first=number is None)
    comparison = gate.compare([], [], asked)
    return Judgment(version.sha256, number, [], [], comparison, leaks=leaks)


def _beyond(
    witness: evidence.Opened,
    champion: ModelVersion | None,
    truth: snapshots.LabelsOf,
    table: Table,
) -> evidence.HeldBeyond | None:
    """Return what a version predicts of the items that are held out beyond the draw.

    truth: their labels, sorted by item. table: by today's specification.
    """
    drawn_for = beyond.items_of(witness.version.project_id)
    truth = {pk: labels for pk, labels in truth.items() if pk in drawn_for}
    if not truth:
        return None
    items = evidence.held(truth, {})
    rows = witness.table.rows_of(list(truth))
    before, _ = _predicted_before(champion, items, table)
    return evidence.HeldBeyond(
        items,
        [drawn_for[pk] for pk in truth],
        training.predicted_labels(witness.model, witness.model.probabilities(rows)),
        before,
    )


def _terms(project: Project, *, is_first: bool) -> gate.Terms:
    """Return by what the project's settings have the next comparison decided."""
    policy: gate.GatePolicy = msgspec.convert(
        LearningPolicy.of(project.pk).gate, gate.GatePolicy
    )
    return gate.terms(policy, is_first=is_first, last=last_test(project))


def last_test(project: Project) -> gate.Spent | None:
    """Return the latest test that the project's gate has made while it was strict."""
    # By the number of the test, not by time: each continues what the one before has
    # spent.
    tests = TrainingRun.objects.filter(project=project).exclude(look=None)
    last = tests.order_by("-look").first()
    if last is None or last.look is None or last.alpha is None:
        return None
    return gate.Spent(last.look, last.alpha, last.verdict == "promote")


def _is_test(judgment: Judgment) -> bool:
    """Whether anything hangs on a strict project's test, so that it counts as made."""
    comparison = judgment.comparison
    has_look = comparison.terms.look is not None and comparison.has_tested
    return has_look and judgment.verdict != "leak"


def spend(training_run: TrainingRun, judgment: Judgment) -> bool:
    """Note in its run what a strict project's test was allowed; whether it still was.

    It was not where another run has made that test meanwhile. Called in a transaction:
    the project is locked until the commit.

    Raises NotFoundError where the project has been deleted.
    """
    asked = judgment.comparison.terms
    if not _is_test(judgment):
        return True
    project = lock_project(training_run.project_id)
    # Behind the project's lock. Another run was quicker: the allowance that this
    # judgment was made with is spent.
    if gate.spend(last_test(project))[0] != asked.look:
        return False
    training_run.look, training_run.alpha = asked.look, asked.alpha
    return True


def _predicted_before(
    champion: ModelVersion | None, items: evidence.Held, table: Table
) -> tuple[list[evaluation.Labels], bool]:
    """Return what the champion says of the items, and whether it is refused.

    Without one, and where it cannot be computed any more, the commonest label is taken.
    """
    # The least that a model has to beat: it needs to have learned something.
    commonest = [evaluation.majority(items.labels)] * len(items.labels)
    if champion is None:
        return commonest, False
    try:
        given, _ = evidence.on_held_out(evidence.opened(champion, table), items)
    except ConflictError:
        # What can be computed no more serves nobody, and must not block the next.
        return commonest, True
    return training.predicted_labels(given, given.table), False


def keep(judgment: Judgment) -> str:
    """Write a judgment to a file; return its hash."""
    return files.save("judgments", msgspec.json.encode(judgment))


def read(sha256: str) -> Judgment:
    """Return a judgment that was kept.

    Raises DamagedFileError where its file is damaged or gone.
    """
    why = message("The judgment %(hash)s is damaged or gone.", hash=sha256[:12])
    kept = msgspec.json.decode(files.read_whole("judgments", sha256, why))
    # What was predicted has had another name in files of before.
    if "said" in kept:
        kept["predicted"] = kept.pop("said")
    return msgspec.convert(kept, Judgment)


def evaluate(version: ModelVersion, judgment: Judgment) -> None:
    """Show a judgment as the version's evaluation, where any item was held out.

    Called in the transaction that decides by it: a judgment that decides nothing, because
    its run was stopped or another model took over, is not the version's.

    Raises NotFoundError where the champion of the judgment has been deleted.
    """
    report = judgment.report
    if report is None:
        return
    comparison, items = judgment.comparison, judgment.items
    champion = (
        None
        if judgment.champion is None
        else registry.version(version.project, judgment.champion)
    )
    # A version that waits is judged again, and shows its latest judgment.
    Evaluation.objects.update_or_create(
        model=version,
        defaults={
            "champion": champion,
            "sha256": judgment.sha256,
            "label_set_id": judgment.label_set,
            "items": comparison.n,
            "left_out": len(judgment.leaks.left_out),
            "left_out_items": sorted(judgment.leaks.left_out),
            "items_hash": hashlib.sha256(json.dumps(items).encode()).hexdigest(),
            "report": msgspec.to_builtins(report),
            "better": comparison.better,
            "worse": comparison.worse,
            "lower_bound": comparison.lower_bound,
            "mid_p": comparison.mid_p,
            "rule": comparison.terms.rule,
            "terms": msgspec.to_builtins(comparison.terms),
            "verdict": judgment.verdict,
            **_per_item(judgment),
        },
    )


def _per_item(judgment: Judgment) -> dict[str, Any]:
    """Return what an evaluation keeps of each item, by its id."""
    names = [*map(str, judgment.items)]
    hits = zip(judgment.hits, judgment.right, strict=True)
    pairs = zip(judgment.truth, judgment.predicted, strict=True)
    return {
        "outcomes": dict(zip(names, map(list, hits), strict=True)),
        # Of several labels, and of judgments of earlier releases, nothing is known.
        "sureness": dict(zip(names, judgment.sureness, strict=False)),
        "pairs": dict(zip(names, map(list, pairs), strict=True)),
    }
