"""What held-out items say of a version, as rows of the models page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.core.calibration import Reliability
from activelearn.core.evaluation import Summary
from activelearn.core.intervals import Estimate
from activelearn.core.parts import Part
from activelearn.core.report import Report, reached
from activelearn.models import Evaluation, LearningPolicy
from activelearn.services.versions import registry
from activelearn.views.page.pictures import (
    Diagram,
    Gate,
    Matrix,
    diagram_of,
    gate_of,
    matrix_of,
)

BASELINES: Final[dict[str, Promise]] = {
    "majority": _("always saying the commonest label"),
    "nearest": _("the nearest example"),
    "champion": _("the champion before"),
    "people": _("one person"),
    "people-others": _("one person, against the others"),
    "people-experts": _("one person, against an expert"),
}
KINDS: Final[dict[str, Promise]] = {
    "label": _("label"),
    "length": _("characters"),
    "metadata": _("metadata"),
    "source": _("label from"),
    "tag": _("tag"),
}
RULES: Final[dict[str, Promise]] = {
    "strict": _(
        "Strict: in at most 5 of 100 projects, over their whole life, does a model ever take over that is no better. It takes many held-out labels to be that sure."
    ),
    "balanced": _(
        "Balanced: a model takes over where it fixes more than it breaks and is, with 90 % certainty, no more than two points worse. Of 100 that are equally good, 8 do on 100 held-out items, 29 on 300 and 46 on 1,000; of 100 that are two points worse, at most 5."
    ),
    "manual": _("By hand: the gate says what it sees, and a person decides."),
}
FIRST: Final = _(
    "A first model is compared with always saying the commonest label, on 20 items or more."
)
# The worst come first.
MOST_PARTS: Final = 20
REACHED: Final[dict[str, Promise]] = {
    "yes": _("reached"),
    "no": _("not reached"),
    "open": _("cannot tell yet"),
}


@dataclass(frozen=True)
class SummaryRow:
    """Figures with the name of what they are of."""

    name: Promise | str
    summary: Summary
    kind: Promise | str = ""


@dataclass(frozen=True)
class PartRow:
    """A part of the held-out items, and the name of its kind."""

    kind: Promise | str
    part: Part


@dataclass(frozen=True)
class Aim:
    """What the model is to reach by which figure, and whether it has."""

    value: float
    figure: Promise | str
    word: str

    @property
    def words(self) -> Promise:
        """Whether it is reached, in words."""
        return REACHED[self.word]


@dataclass(frozen=True)
class Evidence:
    """All that is shown of an evaluation."""

    evaluation: Evaluation
    report: Report
    milestones: list[SummaryRow]
    aim: Aim | None
    baselines: list[SummaryRow]
    slices: list[SummaryRow]
    matrix: Matrix | None
    gate: Gate
    parts: list[PartRow]
    rules: list[Promise | str]
    sets: Sequence[tuple[Promise, Estimate]] = ()
    diagram: Diagram | None = None
    reliabilities: Sequence[tuple[Promise, Reliability]] = ()


def evidence_of(evaluation: Evaluation, policy: LearningPolicy) -> Evidence:
    """Return what is shown of an evaluation; slices begin with the worst."""
    report = registry.report_of(evaluation)
    summary = report.figures.summary
    return Evidence(
        evaluation,
        report,
        list(_milestones(report)),
        _aim(summary, policy),
        [SummaryRow(_("this version"), summary)]
        + [
            SummaryRow(BASELINES.get(row.name, row.name), row.summary)
            for row in report.baselines
        ],
        [
            SummaryRow(row.name, row.summary, KINDS.get(row.kind, row.kind))
            for row in sorted(report.slices, key=lambda row: row.summary.macro_f1.value)
        ],
        matrix_of(report),
        gate_of(evaluation),
        [
            PartRow(KINDS.get(part.kind, part.kind), part)
            for part in report.parts[:MOST_PARTS]
        ],
        list(_rules(evaluation)),
        _sets(report),
        *_reliability(report),
    )


def _rules(evaluation: Evaluation) -> Iterator[Promise | str]:
    """Yield by what the gate has decided, and what that risks.

    Of a rule that this program does not know, its name.
    """
    rule: str = evaluation.asked.policy
    yield RULES.get(rule, rule)
    if evaluation.asked.is_first:
        yield FIRST


def _sets(report: Report) -> Sequence[tuple[Promise, Estimate]]:
    sets = report.figures.sets
    if sets is None:
        return ()
    return (
        (_("All labels of an item right (accuracy)"), report.figures.summary.accuracy),
        (_("Labels of an item in common (Jaccard)"), sets.jaccard),
        (_("Mean F1 of the items"), sets.sample_f1),
        (_("F1 of all labels together (micro F1)"), sets.micro_f1),
        (_("Wrong decisions on labels (Hamming loss)"), sets.hamming_loss),
    )


def _reliability(
    report: Report,
) -> tuple[Diagram | None, Sequence[tuple[Promise, Reliability]]]:
    kept = report.calibration
    if kept is None:
        return None, ()
    pairs = [(_("Scores as they were fitted"), kept.before)]
    if kept.after:
        pairs.append((_("Calibrated"), kept.after))
    if kept.sets:
        pairs.append((_("Whole sets of labels"), kept.sets))
    return diagram_of(kept.before, kept.after), pairs


def _milestones(report: Report) -> Iterator[SummaryRow]:
    if report.training:
        yield SummaryRow(_("The training set"), report.training)
    yield SummaryRow(_("Held-out items"), report.figures.summary)


def _aim(summary: Summary, policy: LearningPolicy) -> Aim | None:
    if not policy.aim:
        return None
    figure = getattr(summary, policy.aim_figure)
    words = LearningPolicy.AimFigure(policy.aim_figure).label
    return Aim(policy.aim, words, reached(figure, policy.aim))
