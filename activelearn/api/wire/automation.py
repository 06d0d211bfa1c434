"""The dial of a project: how it stands, what it would do, its certificate and audits."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from activelearn import models
from activelearn.core.dial import CertifiedPart
from activelearn.models.version import LONGEST_REASON
from activelearn.services.automation import dial
from activelearn.services.automation.audits import PartAudit
from activelearn.services.automation.standing import DialStanding
from labeling.api.http.fields import (
    AccountName,
    Body,
    Count,
    ItemId,
    LabelNames,
    Moment,
    ReplyData,
    SentName,
    Share,
    about,
    one_of,
    text,
)
from labeling.models.automation import Automation
from labeling.templatetags.localized import localized

Degree = Annotated[
    str,
    one_of(
        Automation.values,
        "`human`: people only; `shadow`: the model predicts and nobody sees it; "
        "`assistance`: suggestions as the settings say; `partial`: sure predictions of the "
        "pool are accepted; `full`: also of what comes in later.",
    ),
]


class DialBody(Body):
    """Where the dial is to stand."""

    or_nothing: ClassVar = frozenset({"reason"})

    degree: Degree
    reason: (
        Annotated[str, text(LONGEST_REASON, "It is kept with who and when.")] | None
    ) = None
    reopen: Annotated[
        bool, about("Whether people are asked about all that was accepted so far.")
    ] = False


class LabelDialBody(Body):
    """How much is left to the model where it predicts one label."""

    label: Annotated[SentName, about("A label of the set in force.")]
    degree: Annotated[
        str,
        one_of(
            models.LabelDial.Degree.values,
            "Beside the project's; empty: that one counts again.",
            or_empty=True,
        ),
    ]
    risk: (
        Annotated[
            float,
            Meta(
                ge=dial.LEAST_RISK,
                le=dial.MOST_RISK,
                description="Most of it that may be wrong; left out: the project's.",
            ),
        ]
        | UnsetType
    ) = UNSET


class DialQuery(Body):
    """Which degree is looked at."""

    degree: Degree


class CertificateLevel(ReplyData):
    """Accepting all that is as sure as a threshold."""

    threshold: Annotated[float, about("How sure the model is at least.")]
    share: Annotated[Share, about("Of the pool that is as sure.")]
    labels: Annotated[Count, about("Held-out labels that tell of it.")]
    wrong: Annotated[Count, about("Of these, how many are predicted wrongly.")]
    bound: Annotated[
        Share, about("At most this share is wrong, by the test of this level.")
    ]
    holds: Annotated[bool, about("Whether the promise is certified here.")]


class AutomationPart(ReplyData):
    """Predictions with a label that has its own dial, or all others."""

    label: Annotated[str, about("Empty: all that have no dial of their own.")]
    degree: Degree
    risk: Annotated[Share, about("Most of what is accepted that may be wrong.")]
    pool: Annotated[Count, about("Items that no person has labeled.")]
    threshold: Annotated[
        float | None, about("From here on it is accepted; null: nothing is.")
    ]
    qualifying: Annotated[
        Count, about("Items of the pool that reach the loosest level that holds.")
    ]
    needed: Annotated[
        int | None,
        about(
            "About how many labels it takes; null where it is possible, or where no number tells."
        ),
    ]
    levels: Annotated[
        list[CertificateLevel], about("Tenths of the pool, from strict to loose.")
    ]


class DialPreview(ReplyData):
    """What a degree would do; nothing of it is done."""

    before: Degree
    after: Degree
    possible: Annotated[bool, about("Whether the dial may be set so now.")]
    why: Annotated[str, about("Why not, in the caller's language; else empty.")]
    labels: Annotated[Count, about("Held-out labels that this rests on.")]
    pool: Annotated[Count, about("Items that no person has labeled.")]
    accepted: Annotated[Count, about("Items that are accepted already.")]
    qualifying: Annotated[Count, about("Items that would be accepted, with these.")]
    most_wrong: Annotated[
        float,
        about("At most as many of these are wrong, with the confidence asked for."),
    ]
    minutes: Annotated[
        float | None,
        about("What people need not do, by the seconds of their votes; null: unknown."),
    ]
    confidence: Annotated[Share, about("Of the promise, as the settings ask for it.")]
    parts: Annotated[list[AutomationPart], about("Empty below `partial`.")]


class Certificate(ReplyData):
    """What may be accepted of the version that serves."""

    model: Annotated[int, about("The number of the version that it counts for.")]
    made_at: Annotated[Moment, about("When it was made.")]
    labels: Annotated[Count, about("Held-out labels that it rests on.")]
    labels_hash: Annotated[str, about("The SHA-256 of these and what was predicted.")]
    pool: Annotated[Count, about("Items that no person had labeled.")]
    confidence: Annotated[Share, about("Of all its promises together.")]
    parts: Annotated[list[AutomationPart], about("Labels of their own come first.")]


class AuditOfPart(ReplyData):
    """What people say of accepted items, since the dial was raised last."""

    label: Annotated[str, about("Empty: all that have no dial of their own.")]
    audited: Annotated[Count, about("Items that people have checked.")]
    wrong: Annotated[Count, about("Of these, how many were accepted wrongly.")]
    low: Annotated[Share, about("Of the share that is wrong: its interval at 95 %.")]
    high: Annotated[Share, about("The upper end of that interval.")]
    risk: Annotated[Share, about("What was promised.")]
    evidence: Annotated[float, about("Against the promise; 1 is none.")]
    limit: Annotated[float, about("At this evidence the dial goes down by itself.")]


class AutomationReply(ReplyData):
    """How the dial stands, and what it rests on."""

    degree: Degree
    labels: Annotated[
        dict[str, str], about("Labels with a dial of their own, each with its degree.")
    ]
    accepted: Annotated[Count, about("Items whose label the model alone has given.")]
    waiting: Annotated[Count, about("Accepted items that people are to check.")]
    certificate: Annotated[
        Certificate | None, about("Of what serves, under the settings of now; or null.")
    ]
    audits: Annotated[list[AuditOfPart], about("Empty below `partial`.")]


class DialChange(ReplyData):
    """A change of the dial."""

    at: Annotated[Moment, about("When it was.")]
    label: Annotated[str, about("Whose dial; empty: the project's.")]
    before: Annotated[str, about("Empty: the label had none of its own.")]
    after: Annotated[str, about("Empty: the label has none of its own any more.")]
    by: Annotated[AccountName | None, about("Null where an audit has failed.")]
    reason: Annotated[str, about("In that person's words; empty where none was given.")]
    explanation: Annotated[
        str, about("What happened where nobody did it, in the caller's language.")
    ]
    reopened: Annotated[
        Count, about("Accepted items that people are asked about again.")
    ]


class AuditedItem(ReplyData):
    """An accepted item that people have checked without knowing that it was."""

    item: ItemId
    accepted: Annotated[LabelNames, about("What the model had said.")]
    confidence: Annotated[Share, about("How sure it was.")]
    model: Annotated[int, about("The number of the version.")]
    accepted_at: Annotated[Moment, about("When it was accepted.")]
    settled_at: Annotated[Moment | None, about("When people had told.")]
    wrong: Annotated[
        bool | None, about("Whether people say otherwise; null: no single label.")
    ]


def part_of(part: CertifiedPart) -> AutomationPart:
    """Return what is certified of a part."""
    return AutomationPart(
        label=part.label,
        degree=part.degree,
        risk=part.risk,
        pool=part.pool,
        threshold=part.threshold,
        qualifying=part.qualifying,
        needed=part.certified.needed,
        levels=[
            CertificateLevel(
                threshold=level.threshold,
                share=level.share,
                labels=level.labels,
                wrong=level.wrong,
                bound=level.bound,
                holds=level.holds,
            )
            for level in part.certified.levels
        ],
    )


def preview_of(looked: dial.DialPreview) -> DialPreview:
    """Return what a degree would do."""
    return DialPreview(
        before=looked.before,
        after=looked.after,
        possible=looked.is_possible,
        why="" if looked.is_possible else dial.not_possible(looked),
        labels=looked.labels,
        pool=looked.pool,
        accepted=looked.accepted,
        qualifying=looked.qualifying,
        most_wrong=looked.most_wrong,
        minutes=looked.minutes,
        confidence=1 - looked.doubt,
        parts=[part_of(part) for part in looked.parts],
    )


def automation_of(standing: DialStanding) -> AutomationReply:
    """Return how the dial stands."""
    return AutomationReply(
        degree=standing.degree,
        labels={own.label: own.degree for own in standing.labels},
        accepted=standing.accepted,
        waiting=standing.waiting,
        certificate=_certificate_of(standing.certificate)
        if standing.certificate
        else None,
        audits=[_audit_of(part) for part in standing.audits],
    )


def _certificate_of(row: models.Certificate) -> Certificate:
    return Certificate(
        model=row.model.number,
        made_at=row.made_at,
        labels=row.labels,
        labels_hash=row.labels_hash,
        pool=row.pool,
        confidence=1 - row.doubt,
        parts=[part_of(part) for part in row.of_parts],
    )


def _audit_of(part: PartAudit) -> AuditOfPart:
    low, high = part.interval
    return AuditOfPart(
        label=part.part.label,
        audited=len(part.items),
        wrong=part.wrong,
        low=low,
        high=high,
        risk=part.part.risk,
        evidence=part.evidence.now,
        limit=part.limit,
    )


def change_of(row: models.DialChange) -> DialChange:
    """Return a change of the dial."""
    return DialChange(
        at=row.at,
        label=row.label,
        before=row.before,
        after=row.after,
        by=row.by.username if row.by else None,
        reason=row.why,
        explanation=localized(row.explanation) if row.explanation else "",
        reopened=row.reopened,
    )


def audited_of(row: models.AuditedItem) -> AuditedItem:
    """Return an audited item with its outcome."""
    return AuditedItem(
        item=row.item_id,
        accepted=row.labels,
        confidence=row.confidence,
        model=row.model_number,
        accepted_at=row.accepted_at,
        settled_at=row.settled_at,
        wrong=row.is_wrong,
    )
