"""Whether going on as it is leads no further, and what is left to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from activelearn.core import advice
from activelearn.models import Evaluation, LearningPolicy
from activelearn.services.features import choices, offers
from activelearn.services.judging import forecasts
from activelearn.services.training import back_tests
from activelearn.services.versions import registry
from labeling.messages import Message, message
from labeling.models import AgreementReport, Disagreement, Project
from labeling.services.experts import doubts

Origin = Disagreement.Origin
# Below it people agree too little to conclude from (Krippendorff 2004, "Content Analysis").
LEAST_ALPHA: Final = 0.667
_FAILED: Final = ("not better", "worse on a part")


@dataclass(frozen=True)
class Obsolescence:
    """Versions in a row that were no better than what serves, and what is left to try."""

    failed: int
    left: list[Message]


def ended(project: Project, policy: LearningPolicy) -> Obsolescence | None:
    """Return that going on as it is leads no further; None where it may, or nobody knows."""
    row, champion = forecasts.newest(project.pk), registry.champion(project)
    if row is None or champion is None:
        return None
    # Judged against what serves now, and it serves still: each of these has failed.
    failed = Evaluation.objects.filter(
        champion=champion, model__project=project, verdict__in=_FAILED
    ).count()
    aim = forecasts.aim_of(policy)
    now = forecasts.advice_of(row, policy)
    if not advice.has_ended(forecasts.core_of(row), aim, now, failed):
        return None
    return Obsolescence(failed, list(_left(project, policy, champion.evidence)))


def _left(
    project: Project, policy: LearningPolicy, evidence: Evaluation | None
) -> Iterator[Message]:
    """Say what has not been tried, what is cheapest first."""
    yield from _representations(project)
    yield from _window(project, policy)
    counts = doubts.counts(project)
    if suspects := counts[Origin.SUSPECT] + counts[Origin.LOW]:
        yield message(
            "Have experts look at the %(labels)s labels that are doubtful: wrong ones teach what is wrong.",
            labels=suspects,
        )
    reports = AgreementReport.objects.filter(project=project)
    newest = reports.exclude(krippendorff_alpha=None).first()
    if newest is not None and (newest.krippendorff_alpha or 0.0) < LEAST_ALPHA:
        yield message(
            "Sharpen the guideline: people agree too little (alpha is %(alpha)s).",
            alpha=f"{newest.krippendorff_alpha:.2f}",
        )
    yield from _confused(evidence)
    yield message(
        "Ask whether the items hold what tells the labels: further columns, longer texts, larger pictures."
    )


def _representations(project: Project) -> Iterator[Message]:
    kind = project.data_type
    # What is missing on this server nobody can try.
    for offer in offers.offers_of(project):
        if (
            not offer.is_in_force
            and offer.accuracy is None
            and offer.state != "missing"
        ):
            yield message(
                "Read the items in another way that has not been compared yet: %(name)s.",
                name=choices.NAMES[kind][offer.name],
            )


def _window(project: Project, policy: LearningPolicy) -> Iterator[Message]:
    trial = back_tests.newest(project.pk)
    test = back_tests.core_of(trial) if trial else None
    if trial is None:
        yield message("Try windows: old labels may teach what is no longer true.")
    elif test and test.best:
        setting = back_tests.setting_of(trial, test.figures[test.best].window)
        if not back_tests.is_in_force(setting, policy):
            yield message(
                "Learn from another window of the labels, which would have been better."
            )


def _confused(evidence: Evaluation | None) -> Iterator[Message]:
    if evidence is None:
        return
    mixed_up = [
        cell
        for cell in registry.report_of(evidence).figures.confusions
        if cell.truth != cell.predicted
    ]
    if mixed_up:
        # One pair, so that somebody does something about it.
        worst = max(mixed_up, key=lambda cell: cell.items)
        yield message(
            "Look at %(truth)s and %(predicted)s, which it mixes up most: a clearer guideline, or one label for both.",
            truth=worst.truth,
            predicted=worst.predicted,
        )
