"""Compute how well the annotators agree, and keep each report."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import numpy as np
from django.utils import timezone

from labeling.models import AgreementReport, Annotation, Project
from labeling.quality import agreement as quality
from labeling.services.votes import relabel
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

MOST_PAIRS = 500


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
    """Compute a report of the votes that stand now; the same votes give the same row."""
    project = Project.objects.get(pk=project_id)
    rows = list(
        Annotation.votes.filter(project=project, undone_at=None)
        .order_by("pk")
        .values_list(
            "pk", "version", "item_id", "annotator__username", "label_set", "labels"
        )
    )
    today = relabel.names_now(project_id)
    votes = [
        quality.Rating(
            item, name, ", ".join(relabel.translated(labels, today[used])) or "(none)"
        )
        for _, _, item, name, used, labels in rows
    ]
    if not votes or project.label_set_id is None:
        return None
    # Each vote with its version: an edit makes another report, and the same votes find
    # theirs.
    key = ";".join(f"{pk}.{version}" for pk, version, *_ in rows)
    counts, labels = quality.counts_of(votes)
    pairs = quality.pairwise(votes)
    kappas = [pair.kappa for pair in pairs if pair.kappa is not None]
    weights = [pair.items for pair in pairs if pair.kappa is not None]
    now = timezone.now()
    report, _ = AgreementReport.objects.update_or_create(
        project=project,
        label_set_id=project.label_set_id,
        votes_hash=hashlib.sha256(key.encode()).hexdigest(),
        # After an undo these may be votes of before: then that report is the newest.
        defaults={"computed_at": now},
        create_defaults={
            "computed_at": now,
            "items": int((counts.sum(axis=1) >= 2).sum()),
            "votes": len(votes),
            "percent": quality.percent(counts),
            "cohen_kappa": float(np.average(kappas, weights=weights))
            if kappas
            else None,
            "fleiss_kappa": quality.fleiss_kappa(counts),
            "krippendorff_alpha": quality.krippendorff_alpha(counts),
            "body": _body(project, counts, labels, pairs),
        },
    )
    return report


def _body(
    project: Project,
    counts: quality.Counts,
    labels: list[str],
    pairs: list[quality.PairAgreement],
) -> dict[str, Any]:
    rng = np.random.default_rng(project.seed)
    interval = quality.bootstrap_interval(counts, rng)
    return {
        "alpha_interval": list(interval) if interval else None,
        "labels": [
            _label_row(counts, place, name) for place, name in enumerate(labels)
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
    }


def _label_row(counts: quality.Counts, place: int, name: str) -> dict[str, Any]:
    mine = counts[:, [place]]
    one_vs_rest = np.hstack([mine, counts.sum(axis=1, keepdims=True) - mine])
    return {
        "label": name,
        "votes": int(mine.sum()),
        "krippendorff_alpha": quality.krippendorff_alpha(one_vs_rest),
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
