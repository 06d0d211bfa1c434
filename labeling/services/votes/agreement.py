"""Compute how well the annotators agree, and keep each report."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from django.utils import timezone

from labeling.models import AgreementReport, Annotation, Project, Reason
from labeling.quality import agreement as quality
from labeling.quality import patterns
from labeling.quality.patterns import Rating
from labeling.services.votes import relabel
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

MOST_PAIRS: Final = 500
# How a report is computed: the same votes make another one where that has changed.
RULE: Final = "first votes, without gold"
# How the items came to people, by the reason of their first vote. What the model picks is
# hard, and questions whose answer is known are clear: each is told apart.
FRAMES: Final = {
    Reason.RANDOM: "random",
    Reason.EVALUATION: "random",
    Reason.MODEL: "model",
    Reason.COLD: "model",
    Reason.DUEL: "model",
    Reason.SIMILAR: "model",
    Reason.GOLD: "gold",
}
OTHER: Final = "other"


class _Vote(NamedTuple):
    pk: int
    version: int
    item: int
    annotator: str
    label_set: int
    labels: list[str]
    reason: str


def request_report(project: Project) -> None:
    """Request a report; one that already waits will do."""
    jobs.request_for_project("agreement", project.pk, series="agreement")


def run(progress: Progress) -> dict[str, Any]:
    """Compute the report of the job's project."""
    if progress.job.project_id is None:
        return {}
    report = compute(progress.job.project_id)
    return {"report": report.pk if report else None}


def compute(project_id: int) -> AgreementReport | None:
    """Compute a report of the votes that stand now; the same votes give the same row.

    It is of the first votes on each item that are asked for in any case, and leaves gold
    questions out: these have figures of their own.
    """
    project = Project.objects.get(pk=project_id)
    fields = ("pk", "version", "item_id", "annotator__username", "label_set", "labels")
    standing = Annotation.votes.filter(project=project, undone_at=None).order_by("pk")
    votes = [_Vote(*row) for row in standing.values_list(*fields, "reason")]
    if not votes or project.label_set_id is None:
        return None
    # A second vote never depends on what the first one was.
    most = max(2, project.min_votes)
    # Each vote with its version: an edit makes another report, and the same votes find
    # theirs.
    key = ";".join(
        [f"{RULE}, {most}", *(f"{vote.pk}.{vote.version}" for vote in votes)]
    )
    by_frame = _by_frame(votes, project_id, most)
    counted = [
        rating
        for frame, ratings in by_frame.items()
        if frame != "gold"
        for rating in ratings
    ]
    now = timezone.now()
    report, _ = AgreementReport.objects.update_or_create(
        project=project,
        label_set_id=project.label_set_id,
        votes_hash=hashlib.sha256(key.encode()).hexdigest(),
        # After an undo these may be votes of before: then that report is the newest.
        defaults={"computed_at": now},
        create_defaults={
            "computed_at": now,
            "votes": len(votes),
            **_figures(project, counted, by_frame, most),
        },
    )
    return report


def _by_frame(
    votes: Sequence[_Vote], project_id: int, most: int
) -> dict[str, list[Rating]]:
    """Return the first votes on each item, by how the item came to people."""
    today = relabel.names_now(project_id)
    frames: dict[Hashable, str] = {}
    for vote in votes:
        if vote.reason != Reason.SECOND:
            frames.setdefault(vote.item, FRAMES.get(Reason(vote.reason), OTHER))
    ratings = [
        Rating(
            vote.item,
            vote.annotator,
            relabel.translated(vote.labels, today[vote.label_set]),
        )
        for vote in votes
    ]
    by_frame: dict[str, list[Rating]] = defaultdict(list)
    for rating in patterns.first_votes(ratings, most):
        by_frame[frames.get(rating.item, OTHER)].append(rating)
    return by_frame


def _figures(
    project: Project,
    votes: Sequence[Rating],
    by_frame: dict[str, list[Rating]],
    most: int,
) -> dict[str, Any]:
    """Return the figures of a report; of several labels alpha is by how much they share."""
    distance: quality.Distance = "masi" if project.is_multi else "nominal"
    table = patterns.table_of(votes)
    pairs = quality.pairwise(votes)
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    weights = [pair.items for pair in pairs if pair.kappa is not None]
    alpha, interval = _alpha(project, table, distance)
    return {
        "items": int(table.items.sum()),
        "percent": quality.percent(table),
        "cohen_kappa": float(np.average(kappas, weights=weights)) if kappas else None,
        "fleiss_kappa": quality.fleiss_kappa(table),
        "krippendorff_alpha": alpha,
        "body": {
            "distance": distance,
            "first_votes": most,
            "alpha_interval": interval,
            "nominal_alpha": quality.krippendorff_alpha(table),
            "labels": [
                {
                    "label": row.label,
                    "votes": row.votes,
                    "krippendorff_alpha": row.alpha,
                }
                for row in quality.by_label(table)
            ],
            "frames": [
                _frame(project, name, ratings, distance)
                for name, ratings in sorted(by_frame.items())
            ],
            "pairs": [
                {
                    "first": str(pair.first),
                    "second": str(pair.second),
                    "items": pair.items,
                    "percent": pair.agreeing / pair.items,
                    "cohen_kappa": pair.kappa,
                }
                for pair in pairs[:MOST_PAIRS]
            ],
            "annotators": _annotators(pairs),
        },
    }


def _alpha(
    project: Project, table: patterns.PatternTable, distance: quality.Distance
) -> tuple[float | None, list[float] | None]:
    rng = np.random.default_rng(project.seed)
    interval = quality.bootstrap_interval(table, rng, distance=distance)
    alpha = quality.krippendorff_alpha(table, distance)
    return alpha, list(interval) if interval else None


def _frame(
    project: Project, name: str, votes: Sequence[Rating], distance: quality.Distance
) -> dict[str, Any]:
    table = patterns.table_of(votes)
    alpha, interval = _alpha(project, table, distance)
    return {
        "frame": name,
        "items": int(table.items.sum()),
        "percent": quality.percent(table),
        "krippendorff_alpha": alpha,
        "alpha_interval": interval,
    }


def _annotators(pairs: list[quality.PairAgreement]) -> list[dict[str, Any]]:
    agreeing: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for pair in pairs:
        for name in (str(pair.first), str(pair.second)):
            agreeing[name] += pair.agreeing
            total[name] += pair.items
    return [
        {
            "annotator": name,
            "pairs": total[name],
            "percent": agreeing[name] / total[name],
        }
        for name in sorted(total)
    ]
