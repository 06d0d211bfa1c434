"""The verdict of a duel: what people's votes say of two versions, and what follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from activelearn.core import duel as core
from activelearn.core import gate
from activelearn.core.evaluation import Labels
from activelearn.core.parts import Part
from activelearn.models import Duel, LearningPolicy, ModelVersion, TrainingRun
from activelearn.models.duel import NO_RESULT, DuelPlace
from activelearn.services.features import files
from activelearn.services.judging import duel_course, duels, judgments, verdicts
from activelearn.services.versions import registry, releases, requests
from labeling.messages import Message
from labeling.models import Project
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project


@dataclass(frozen=True)
class DuelJudgment:
    """A duel as it was judged, kept under the hash of its content.

    champion, challenger: the SHA-256 of both files. places: all that was drawn; truth:
    what people say of those that were asked about, null where they do not agree.
    """

    champion: str
    challenger: str
    seed: int
    items: int
    differing: int
    places: list[DuelPlace]
    truth: list[Labels | None]
    outcome: core.Outcome


def judge(progress: Progress) -> dict[str, Any]:
    """Judge a version by the votes of its duel; what is judged already stays so.

    All in one transaction, behind the project's lock: so what is promoted replaces the
    champion that it was compared with. Raises what ``Progress.report`` raises, and what
    ``releases.lead`` raises.
    """
    training_run = TrainingRun.objects.get(job=progress.job)
    if training_run.verdict or training_run.duel_id is None:
        return {"verdict": training_run.verdict}
    with transaction.atomic():
        progress.report(done=1, total=1, stage=noop("gate"))
        lock_project(training_run.project_id)
        duel = Duel.objects.select_related("challenger", "champion", "project").get(
            pk=training_run.duel_id
        )
        verdict, words = _judged(duel, training_run)
        training_run.conclude(verdict, words)
        progress.log(words)
    return {"verdict": verdict}


def _judged(duel: Duel, training_run: TrainingRun) -> tuple[str, Message]:
    """Return what comes of a duel, which has been done, in a word and in words."""
    if duel.ended_at and duel.explanation:
        return NO_RESULT, duel.explanation
    if why := duels.why_over(duel):
        return NO_RESULT, duel_course.give_up(duel, why)
    duel.answered = duels.voted_on(duel)
    if duel.answered < duel.asked:
        # Somebody has taken a vote back: it is judged once that is there again.
        duel.save(update_fields=["answered"])
        return "go on", verdicts.duel_progress(duel)
    outcome, judgment = _compared(duel, training_run)
    training_run.judgment = judgment
    training_run.save(update_fields=["judgment", "look", "alpha"])
    return _decided(duel, training_run, outcome)


def _compared(duel: Duel, training_run: TrainingRun) -> tuple[core.Outcome, str]:
    """Return what the votes say, and the hash of the file that keeps all of it."""
    truth = duels.truth_of(duel)
    asked = duel.whole[: duel.asked]
    outcomes = [
        core.outcome_of(
            truth[place.item], tuple(place.champion), tuple(place.challenger)
        )
        if place.item in truth
        else 0
        for place in asked
    ]
    # At the first look only: all looks of a duel share one error, and a strict gate
    # spends one test on it.
    if duel.alpha is None:
        duel.alpha = _allowed(duel.project, training_run)
    outcome = core.judged(duel.drawn, outcomes, duel.alpha)
    judgment = DuelJudgment(
        champion=duel.champion.sha256,
        challenger=duel.challenger.sha256,
        seed=duel.seed,
        items=duel.items,
        differing=duel.differing,
        places=duel.whole,
        truth=[truth.get(place.item) for place in asked],
        outcome=outcome,
    )
    return outcome, files.save("judgments", msgspec.json.encode(judgment))


def _allowed(project: Project, training_run: TrainingRun) -> float:
    """Return the error of a duel's tests together; under strict it is one test's."""
    if LearningPolicy.of(project.pk).gate != LearningPolicy.Gate.STRICT:
        return gate.ALPHA
    training_run.look, alpha = gate.spend(judgments.last_test(project))
    training_run.alpha = alpha
    return alpha


def _decided(
    duel: Duel, training_run: TrainingRun, outcome: core.Outcome
) -> tuple[str, Message]:
    """Promote, reject, ask on or let it wait; return which, and that in words."""
    verdict: str = outcome.verdict
    worse_on = _worse_on(duel.challenger) if verdict == "promote" else []
    if worse_on:
        verdict = "worse on a part"
    duel.better, duel.worse, duel.p = outcome.better, outcome.worse, outcome.p
    duel.gain = asdict(outcome.gain)
    words = verdicts.of_duel(duel, verdict, outcome, worse_on)
    duel.verdict, duel.explanation = verdict, words
    if verdict == "go on":
        duel.asked = outcome.next
        # The next items come to people by the queue, so it needs a new order.
        requests.request_order(duel.project_id)
    else:
        duel.ended_at = timezone.now()
    duel.save()
    if verdict == "promote":
        releases.lead(duel.challenger, training_run, is_proven=True)
    elif verdict in {"not better", "worse on a part"}:
        registry.reject(duel.challenger)
    return verdict, words


def _worse_on(version: ModelVersion) -> list[Part]:
    """Return the parts of the held-out items on which a version is worse, if any."""
    report = getattr(version, "evaluation", None)
    kept = report.report.get("parts", []) if report else []
    parts = msgspec.convert(kept, list[Part])
    return [part for part in parts if part.is_worse]
