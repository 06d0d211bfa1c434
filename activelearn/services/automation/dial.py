"""The dial: how much a project leaves to its model, who said so, and what that would do.

Raising it is a person's act. A failed audit lowers it by itself (``audits``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from activelearn.core import dial as core
from activelearn.core.dial import CertifiedPart
from activelearn.models import (
    Certificate,
    DialChange,
    LabelDial,
    ModelVersion,
)
from activelearn.services.automation import certifying
from activelearn.services.judging import forecasts
from activelearn.services.predictions import deciding
from activelearn.services.versions import reasons, registry, requests
from labeling import queries, signals
from labeling.errors import ConflictError, InvalidInputError, check_one_of
from labeling.messages import Message, Sentence
from labeling.messages import sentence as _
from labeling.models import Job, Prediction, Project, User
from labeling.models.automation import Automation
from labeling.services.votes import automatic
from labeling.services.work import jobs, outbox
from labeling.services.work.transactions import lock_project

LEAST_RISK: Final = 0.001
MOST_RISK: Final = 0.5


@dataclass(frozen=True)
class DialPreview:
    """What a degree would do; nothing of it is done.

    parts: what is certified under it, the labels of their own first; empty below partial.
    labels: drawn ones that this rests on. pool: items that no person has labeled.
    accepted: items that have been accepted already. seconds: what a label takes people;
    None where that is unknown.
    """

    before: str
    after: str
    champion: ModelVersion | None
    parts: Sequence[CertifiedPart]
    labels: int
    pool: int
    accepted: int
    doubt: float
    seconds: float | None

    @property
    def qualifying(self) -> int:
        """How many items of the pool would be accepted, with those that are already."""
        return sum(part.qualifying for part in self.parts if part.threshold is not None)

    @property
    def most_wrong(self) -> float:
        """How many of these may be wrong at most, with the confidence that is asked for."""
        return sum(
            part.qualifying * part.level.bound
            for part in self.parts
            if part.threshold is not None and part.level
        )

    @property
    def minutes(self) -> float | None:
        """What people need not do, in minutes; None where nobody knows how long it takes."""
        more = max(0, self.qualifying - self.accepted)
        return None if self.seconds is None else more * self.seconds / 60

    @property
    def needed(self) -> int | None:
        """About how many drawn labels it takes until anything is accepted, if they tell."""
        needs = [
            part.certified.needed
            for part in self.parts
            if part.degree in core.ACCEPTING
        ]
        return min((need for need in needs if need), default=None)

    @property
    def is_possible(self) -> bool:
        """Whether the dial may stand there: below partial always."""
        is_asked = any(part.degree in core.ACCEPTING for part in self.parts)
        return not is_asked or any(part.threshold is not None for part in self.parts)


def preview(project: Project, degree: str) -> DialPreview:
    """Return what it would do to set the dial to a degree; nothing is written.

    Raises InvalidInputError for another degree, ConflictError where anything would be
    accepted and no model serves, and what ``certifying.drawn`` raises.
    """
    return _looked_at(project, degree)[0]


def _looked_at(project: Project, degree: str) -> tuple[DialPreview, Certificate | None]:
    """Return what a degree would do, and the certificate that it would rest on."""
    check_one_of("degree", degree, Automation.values)
    terms = deciding.terms_of(project, degree)
    is_hidden = degree in (Automation.HUMAN, Automation.SHADOW)
    doubt = deciding.doubt_of(project)
    rests_on, parts, kept = None, list[CertifiedPart](), None
    if not is_hidden and any(part.accepts for part in terms):
        # Only where it is needed: it reads the features of the project.
        rests_on = certifying.drawn(project)
        parts = certifying.parts_of(rests_on, terms, doubt)
        kept = certifying.certificate(project, rests_on, parts, doubt)
    shown = DialPreview(
        before=project.automation,
        after=degree,
        champion=registry.champion(project),
        parts=parts,
        labels=len(rests_on.predicted.labels) if rests_on else 0,
        pool=rests_on.items if rests_on else 0,
        accepted=automatic.accepted(project).count(),
        doubt=doubt,
        seconds=forecasts.seconds_of(project),
    )
    return shown, kept


def change(
    project: Project, degree: str, user: User, why: str = "", *, reopen: bool = False
) -> DialChange:
    """Set the dial; to where it stands already changes nothing but the certificate.

    reopen: end what was accepted so far, so that people are asked about it. Raises
    InvalidInputError for another degree or too long a reason, NotFoundError where the
    project has been deleted, and ConflictError where nothing could be accepted yet, with
    what that takes.
    """
    reason = reasons.checked(why)
    # Looked at before the lock: it reads the features of the project.
    looked, certificate = _looked_at(project, degree)
    if not looked.is_possible:
        raise ConflictError(not_possible(looked))
    with transaction.atomic():
        stored = lock_project(project.pk)
        if certificate:
            # While it was computed another version may have come to serve.
            _keep(stored, certificate)
        entry = DialChange(
            project=stored,
            before=stored.automation,
            after=degree,
            by=user,
            why=reason,
            certificate=certificate,
            at=timezone.now(),
        )
        _set(stored, degree)
        if reopen:
            accepted = automatic.accepted(stored)
            entry.reopened = len(automatic.reopen(stored, accepted))
        entry.save(force_insert=True)
        _follow(stored, entry, user)
    project.automation = degree
    return entry


def _keep(project: Project, certificate: Certificate) -> None:
    """Save what the preview has certified. Raises ConflictError where it is outdated."""
    champion = registry.champion(project)
    is_same = champion is not None and (
        champion.pk == certificate.model_id
        and champion.sha256 == certificate.sha256
        and certificate.label_set_id == project.label_set_id
    )
    if not is_same:
        raise ConflictError(
            _("Another version or other labels have come meanwhile: look again.")
        )
    certificate.save(force_insert=True)


def _set(project: Project, degree: str) -> None:
    project.automation = degree
    # One column: the others may have been read before the lock.
    project.save(update_fields=["automation"])


def _follow(project: Project, entry: DialChange, user: User | None) -> None:
    """Ring for what follows a change, after the commit."""
    if entry.after == Automation.HUMAN:
        # Nothing is left that could be shown, or counted as a vote.
        Prediction.objects.filter(project=project).delete()
    if entry.before == Automation.HUMAN != entry.after:
        requests.request_scores_of(project.pk)
    # Other terms need another certificate, which the job makes first.
    if deciding.accepts_anything(project):
        request_acceptance(project, user)
    signals.send_on_commit(signals.policy_changed, project.pk)


def request_acceptance(project: Project, user: User | None = None) -> Job:
    """Request that sure predictions are accepted; one that waits already will do."""
    return jobs.enqueue(
        "learn.accept", project=project, series=f"accept:{project.pk}", user=user
    )


def lower(
    project: Project, explanation: Message, evidence: dict[str, object], reopened: int
) -> DialChange:
    """Lower the dial to assistance, for all labels, without a person.

    Called in a transaction that has the project locked.
    """
    entry = DialChange.objects.create(
        project=project,
        before=project.automation,
        after=Automation.ASSISTANCE,
        explanation=explanation,
        evidence=evidence,
        reopened=reopened,
        at=timezone.now(),
    )
    _set(project, Automation.ASSISTANCE)
    # Those of single labels too, or they would go on accepting by themselves.
    LabelDial.objects.filter(project=project).update(degree=LabelDial.Degree.ASSISTANCE)
    signals.send_on_commit(signals.policy_changed, project.pk)
    news = {"before": entry.before, "after": entry.after, "reopened": reopened}
    outbox.put(project.pk, [outbox.Notice("dial.lowered", news)])
    return entry


def set_label(
    project: Project, label: str, degree: str, user: User, risk: float | None = None
) -> DialChange:
    """Give a label a dial of its own, or with an empty degree none any more.

    What is accepted is then certified anew, each part by itself. Raises
    InvalidInputError for what is no label of the project, another degree or risk, and
    NotFoundError where the project has been deleted.
    """
    check_one_of("label", label, queries.label_names(project.label_set_pk))
    check_one_of("degree", degree, ["", *LabelDial.Degree.values])
    # That nothing at all is wrong, no number of labels could tell.
    if risk is not None and not LEAST_RISK <= risk <= MOST_RISK:
        why = _("From %(least)s to %(most)s.") % {
            "least": LEAST_RISK,
            "most": MOST_RISK,
        }
        raise InvalidInputError(errors={"risk": [why]})
    with transaction.atomic():
        stored = lock_project(project.pk)
        own = LabelDial.objects.filter(project=stored, label=label).first()
        # With other parts no certificate of before is in force: the job makes one first.
        if degree:
            LabelDial.objects.update_or_create(
                project=stored, label=label, defaults={"degree": degree, "risk": risk}
            )
        elif own:
            own.delete()
        entry = DialChange.objects.create(
            project=stored,
            label=label,
            before=own.degree if own else "",
            after=degree,
            by=user,
            at=timezone.now(),
        )
        _follow(stored, entry, user)
    return entry


def not_possible(looked: DialPreview) -> Sentence:
    """Return why nothing could be accepted, and what it takes, in words."""
    values = {
        "labels": str(looked.labels),
        "wrong": f"{100 * looked.parts[-1].risk:g}",
        "confidence": f"{100 * (1 - looked.doubt):g}",
    }
    if looked.needed:
        why = _(
            "Not possible yet: to tell that at most %(wrong)s of 100 accepted items are wrong, with %(confidence)s %% confidence, takes about %(needed)s held-out labels; there are %(labels)s."
        )
        return why % {**values, "needed": str(looked.needed)}
    why = _(
        "Not possible yet: by %(labels)s held-out labels even what the model is surest of is wrong more often than %(wrong)s of 100 times, or too rare to tell with %(confidence)s %% confidence. It takes a better model or a higher risk."
    )
    return why % values
