"""The audit: some accepted items, drawn at random, are asked about blind.

What people say of them is followed by a test that may be looked at after each one. Where it
says that more is wrong than was promised, the dial goes down by itself, and people are asked
about all that was accepted since nothing spoke against the promise last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activelearn.core import audit as core
from activelearn.core import dial as core_dial
from activelearn.core.audit import AuditEvidence
from activelearn.core.dial import PartTerms
from activelearn.models import AuditedItem, DialChange, LearningPolicy
from activelearn.services.automation import dial
from activelearn.services.predictions import deciding
from labeling.messages import message
from labeling.models import Item, Project, Resolution
from labeling.services.votes import automatic, relabel
from labeling.services.work.transactions import keep_project

WEEK: Final = timedelta(days=7)
# Items a week, where as many are accepted.
LEAST: Final = 50


@dataclass(frozen=True)
class PartAudit:
    """What audits say of a part since the dial was raised last.

    items: with an outcome, in the order in which these came. interval: of the share that
    is wrong, at 95 %.
    """

    part: PartTerms
    items: Sequence[AuditedItem]
    evidence: AuditEvidence
    interval: tuple[float, float]

    limit: float = core.LIMIT

    @property
    def wrong(self) -> int:
        """How many of them were accepted wrongly."""
        return sum(bool(item.is_wrong) for item in self.items)


def draw(project: Project) -> int:
    """Draw accepted items for the audit, as many as this week wants; return how many.

    By chance from what was accepted in the last week, and where that is too little, from
    all that was accepted. Their labels end, and people are asked.
    """
    now = timezone.now()
    with transaction.atomic():
        stored = keep_project(project.pk)
        if stored is None or not deciding.accepts_anything(stored):
            return 0
        accepted = automatic.accepted(stored)
        recent = accepted.filter(created_at__gt=now - WEEK)
        drawn = AuditedItem.objects.filter(project=stored, drawn_at__gt=now - WEEK)
        wanted = core.to_draw(
            recent.count() + drawn.filter(accepted_at__gt=now - WEEK).count(),
            drawn.count(),
            accepted.count(),
            LearningPolicy.of(stored.pk).audit_share,
            LEAST,
        )
        labels = _picked(stored, [recent, accepted], wanted)
        for label in labels:
            AuditedItem.objects.create(
                project=stored,
                item_id=label.item_id,
                model_number=label.counted_model or 0,
                labels=label.labels,
                label_set_id=label.label_set_id,
                confidence=label.confidence,
                accepted_at=label.created_at,
                drawn_at=now,
            )
        # Without a label they are open again, and no order shows that they had one.
        ids = [label.pk for label in labels]
        automatic.reopen(stored, Resolution.objects.filter(pk__in=ids))
        return len(labels)


def _picked(
    project: Project, stocks: Sequence[QuerySet[Resolution]], wanted: int
) -> list[Resolution]:
    """Draw ``wanted`` labels, from the first stock as far as that goes."""
    if not wanted:
        return []
    # With the number of earlier draws: the next one draws others.
    earlier = AuditedItem.objects.filter(project=project).count()
    rng = np.random.default_rng([project.seed, earlier])
    picked: dict[int, None] = {}
    for stock in stocks:
        ids = stock.order_by("pk").values_list("pk", flat=True)
        left = [pk for pk in ids if pk not in picked]
        more = min(wanted - len(picked), len(left))
        picked |= dict.fromkeys(rng.choice(left, more, replace=False).tolist())
    return list(Resolution.objects.filter(pk__in=picked).order_by("pk"))


def consider(project: Project) -> DialChange | None:
    """Take in what people have said, lower the dial where an audit fails, draw more."""
    settle(project)
    # Asked first, for most projects accept nothing, and the rest takes the project's lock.
    if not deciding.accepts_anything(project):
        return None
    failed = judge(project)
    if failed is None:
        draw(project)
    return failed


def settle(project: Project) -> int:
    """Close the audits whose items have a label of people by now; return how many."""
    waiting = AuditedItem.objects.filter(project=project, settled_at=None)
    closed = (Item.State.SETTLED, Item.State.INVALID)
    done = list(waiting.filter(item__state__in=closed).select_related("item"))
    if not done:
        return 0
    labels = {
        label.item_id: label
        for label in Resolution.objects.filter(
            item__in=[audited.item_id for audited in done], superseded_at=None
        )
    }
    names = relabel.names_now(project.pk)
    for audited in done:
        audited.settled_at = timezone.now()
        audited.is_wrong = _is_wrong(audited, labels.get(audited.item_id), names)
        # Once, whoever looks: a second look finds it closed.
        waiting.filter(pk=audited.pk).update(
            settled_at=audited.settled_at, is_wrong=audited.is_wrong
        )
    return len(done)


def _is_wrong(
    audited: AuditedItem,
    label: Resolution | None,
    names: Mapping[int, Mapping[str, str]],
) -> bool | None:
    """Return whether an item was accepted wrongly; None where people did not tell."""
    if label is None:
        # An expert took it out: then no label is right.
        return True if audited.item.state == Item.State.INVALID else None
    # Where the model's own prediction counted as a vote, it has judged itself.
    if label.is_ambiguous or label.counted_model is not None:
        return None
    accepted = relabel.translated(audited.labels, names[audited.label_set_id])
    given = relabel.translated(label.labels, names[label.label_set_id])
    return sorted(accepted) != sorted(given)


def since(project: Project) -> datetime | None:
    """Return when the dial was last raised to where anything is accepted."""
    raised = DialChange.objects.filter(
        project=project, after__in=core_dial.ACCEPTING
    ).exclude(before__in=core_dial.ACCEPTING)
    last = raised.order_by("-pk").first()
    return last.at if last else None


def standing(project: Project) -> list[PartAudit]:
    """Return what the audits say of each part that may be accepted, since it was raised."""
    parts = deciding.terms_of(project)
    names = [part.label for part in parts]
    start = since(project)
    items = AuditedItem.objects.filter(project=project, is_wrong__isnull=False)
    # What was accepted under an earlier dial says nothing of this one.
    if start:
        items = items.filter(accepted_at__gte=start)
    outcomes = list(items.order_by("settled_at", "pk"))
    result = []
    for part in parts:
        own = [
            audited
            for audited in outcomes
            if core_dial.part_of(audited.labels, names) == part.label
        ]
        wrong = [bool(audited.is_wrong) for audited in own]
        evidence = core.judge(wrong, part.risk)
        interval = core.interval(len(own), sum(wrong), 0.05)
        result.append(PartAudit(part, own, evidence, interval))
    return result


def judge(project: Project) -> DialChange | None:
    """Lower the dial where the audit of a part has failed; return the change, if any.

    All of it is one transaction: the dial, the labels that end, and the row that keeps the
    evidence. Done again it does nothing, for the dial is down.
    """
    with transaction.atomic():
        stored = keep_project(project.pk)
        if stored is None or not deciding.accepts_anything(stored):
            return None
        # Judged behind the lock: of two that look at once, one lowers the dial.
        broken = [part for part in standing(stored) if part.evidence.is_broken]
        if not broken:
            return None
        return _fail(stored, broken[0])


def _fail(project: Project, broken: PartAudit) -> DialChange:
    """Lower the dial and ask people about what was accepted since the last good audit."""
    # By when these were accepted, not by when people told: the drop came with them.
    after = broken.items[broken.evidence.last_good :]
    start = min(audited.accepted_at for audited in after)
    doubtful = automatic.accepted(project).filter(created_at__gte=start)
    reopened = automatic.reopen(project, doubtful)
    explanation = message(
        "An audit has failed: of %(audited)s accepted items that people checked %(wrong)s were wrong, and at most %(risk)s of 100 were promised. The dial is down to assistance, and people are asked about the %(reopened)s items that were accepted since the last good audit.",
        audited=len(broken.items),
        wrong=broken.wrong,
        risk=f"{100 * broken.part.risk:g}",
        reopened=len(reopened),
    )
    evidence: dict[str, object] = {
        "label": broken.part.label,
        "risk": broken.part.risk,
        "audited": len(broken.items),
        "wrong": broken.wrong,
        "evidence": broken.evidence.now,
        "limit": core.LIMIT,
        "last_good": broken.evidence.last_good,
        "since": start.isoformat(),
        "items": [audited.item_id for audited in broken.items],
        "outcomes": [bool(audited.is_wrong) for audited in broken.items],
    }
    return dial.lower(project, explanation, evidence, len(reopened))
