"""The job that judges what went in and out of a model, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from activelearn.core.watching import alarms as core_alarms
from activelearn.core.watching import comparing, outcomes, shapes, shifts, verdicts
from activelearn.core.watching.comparing import SampledWindow
from activelearn.core.watching.outcomes import OutcomeTest
from activelearn.core.watching.verdicts import Verdict, WindowEvidence
from activelearn.models import ModelVersion, WatchPart, WatchReference, WatchWindow
from activelearn.services.versions import loading, registry
from activelearn.services.watching import alarms, references, strangers, streams
from activelearn.services.watching.references import Watched
from activelearn.services.watching.streams import Outcomes, SeenWindow
from labeling.models import Project
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

KEPT: Final = timedelta(days=365)
# Parts that no version serves any more to be judged by.
_LEFT: Final = timedelta(days=2)


def consider(project_id: int) -> None:
    """Request a look where a window of what serves is full; one that waits will do."""
    version = _serving(project_id)
    if version is None or loading.reads_unseen(version):
        return
    # Cheap: it is asked every minute for each project.
    if streams.is_due(version):
        jobs.request_for_project("learn.watch", project_id, series="watch")


def consider_all() -> int:
    """Look at every project in which a model serves; return how many."""
    serving = ModelVersion.objects.filter(stage=ModelVersion.Stage.CHAMPION)
    projects = list(serving.order_by("pk").values_list("project", flat=True))
    for pk in projects:
        consider(pk)
    return len(projects)


def _serving(project_id: int) -> ModelVersion | None:
    versions = ModelVersion.objects.select_related("project", "snapshot")
    return versions.filter(
        project=project_id, stage=ModelVersion.Stage.CHAMPION
    ).first()


def run(progress: Progress) -> dict[str, Any]:
    """Judge all windows of a project that are full by now, and keep them.

    Raises what ``Progress.report`` and ``references.watched`` raise.
    """
    project = progress.job.project
    version = _serving(project.pk) if project else None
    if project is None or version is None or not streams.is_due(version):
        return {}
    progress.report(stage=noop("features"))
    watch = references.watched(version, progress.step)
    reference = references.of(watch)
    progress.report(stage=noop("comparison"))
    # Once: all windows of a look are judged by the same labels.
    known = streams.outcomes(watch)
    judged = items = 0
    for seen in _windows(watch, known):
        with transaction.atomic():
            _keep(watch, seen, _judged(watch, reference, seen, known))
            judged, items = judged + 1, items + seen.gathered.size
            # Last, for it locks the job's row: a worker that lost the job keeps nothing.
            progress.report(done=items)
    _forget(project)
    return {"items": items, "windows": judged}


def _windows(watch: Watched, known: Outcomes) -> Iterator[SeenWindow]:
    """Yield windows as long as one is full: each is kept before the next is looked for."""
    # Programs do not wait; people's items and labels come in bursts.
    while seen := streams.traffic_window(watch.version):
        yield seen
    while seen := streams.items_window(watch):
        yield seen
    if seen := streams.outcomes_window(watch, known):
        yield seen


@dataclass(frozen=True)
class JudgedWindow:
    """The evidence of a window, what it means, and since when."""

    evidence: WindowEvidence
    verdict: Verdict
    shape: str
    since_at: datetime | None


def _judged(
    watch: Watched, reference: WatchReference, seen: SeenWindow, known: Outcomes
) -> JudgedWindow:
    past = list(_past(watch.version, seen.stream))
    test = _outcome_test(watch.version, known)
    if seen.stream == streams.Stream.OUTCOMES:
        evidence = _of_outcomes(watch.version, seen, test)
    else:
        evidence = _of_items(watch, reference, seen, test)
    verdict = verdicts.verdict(evidence)
    # The sum of errors knows since when; windows need some more to tell.
    if evidence.is_harmed and test and not evidence.bugs:
        return JudgedWindow(evidence, verdict, "sudden", known.moments[test.since])
    windows = [(effect_of(row), row.kind != "none") for row in past]
    effect = core_alarms.difference(evidence) or 0.0
    windows.append((effect, verdict.kind != "none"))
    course = shapes.course([e for e, _ in windows], [f for _, f in windows])
    starts = [*(row.started_at for row in past), seen.started_at]
    since_at = None if course.since is None else starts[course.since]
    return JudgedWindow(evidence, verdict, course.shape, since_at)


def _past(version: ModelVersion, stream: str) -> list[WatchWindow]:
    """Return the last windows of a stream, the oldest first."""
    # The newest first: what is older tells of another time.
    rows = WatchWindow.objects.filter(
        project=version.project_id, model_number=version.number, stream=stream
    )
    return list(rows[: shapes.WINDOWS - 1])[::-1]


def effect_of(window: WatchWindow) -> float:
    """Return how large the difference of a window was, in [0, 1]."""
    evidence = msgspec.convert(window.evidence, WindowEvidence)
    return core_alarms.difference(evidence) or 0.0


def _outcome_test(version: ModelVersion, known: Outcomes) -> OutcomeTest | None:
    if version.evidence is None or not known.wrong:
        return None
    # The most that the held-out items allow: a few of them would cry wolf by luck.
    before = 1.0 - version.evidence.summary.accuracy.low
    return outcomes.errors_rise(known.wrong, before)


def _of_outcomes(
    version: ModelVersion, seen: SeenWindow, test: OutcomeTest | None
) -> WindowEvidence:
    """Return the evidence of labels; whether the items changed too, others have told."""
    others = WatchWindow.objects.filter(
        project=version.project_id, model_number=version.number
    ).exclude(stream=streams.Stream.OUTCOMES)
    newest = others.first()
    apart = newest.evidence.get("apart") if newest else None
    return WindowEvidence(
        seen.gathered.size,
        apart=msgspec.convert(apart, shifts.ApartTest) if apart else None,
        outcome=test,
    )


def _of_items(
    watch: Watched,
    reference: WatchReference,
    seen: SeenWindow,
    test: OutcomeTest | None,
) -> WindowEvidence:
    before = SampledWindow(
        references.gathered_of(reference),
        references.sample_of(reference),
        reference.names,
        reference.confidence,
    )
    sure = seen.gathered.confidence
    now = SampledWindow(
        seen.gathered, seen.rows, seen.names, sure.mean if sure.size else None
    )
    return comparing.evidence_of(before, now, test, watch.version.seed)


def _keep(watch: Watched, seen: SeenWindow, judged: JudgedWindow) -> None:
    """Keep a window with its verdict in place of its parts."""
    window = WatchWindow.objects.create(
        project=watch.version.project,
        model_number=watch.version.number,
        stream=seen.stream,
        size=seen.gathered.size,
        gathered=asdict(seen.gathered),
        last_item=seen.last_item,
        kind=judged.verdict.kind,
        light=judged.verdict.light,
        act=judged.verdict.act,
        shape=judged.shape,
        evidence=asdict(judged.evidence),
        outliers=strangers.groups_of(watch, seen),
        since_at=judged.since_at,
        started_at=seen.started_at,
        ended_at=seen.ended_at,
    )
    # In the transaction of their window, or a kill would count them twice.
    WatchPart.objects.filter(pk__in=seen.parts).delete()
    alarms.open_for(window)


def _forget(project: Project) -> None:
    """Forget windows of more than a year ago, and parts of versions that serve no more."""
    now = timezone.now()
    WatchWindow.objects.filter(project=project, ended_at__lt=now - KEPT).delete()
    # A version may serve again; its parts of the last two days wait for that.
    champion = registry.champion(project)
    left = WatchPart.objects.filter(project=project, ended_at__lt=now - _LEFT)
    if champion is not None:
        left.exclude(model_number=champion.number).delete()


def newest(project_id: int) -> list[WatchWindow]:
    """Return the last window of each stream of what serves, the worst one first."""
    rows = _newest([project_id])
    return sorted(rows, key=lambda row: LIGHTS.index(row.light))


def worst_of(project_ids: Sequence[int]) -> dict[int, WatchWindow]:
    """Return by project the worst of the newest windows of what serves."""
    rows = sorted(_newest(project_ids), key=lambda row: -LIGHTS.index(row.light))
    return {row.project_id: row for row in rows}


def _newest(project_ids: Sequence[int]) -> QuerySet[WatchWindow]:
    serves = ModelVersion.objects.filter(
        project=OuterRef("project"),
        number=OuterRef("model_number"),
        stage=ModelVersion.Stage.CHAMPION,
    )
    rows = WatchWindow.objects.filter(Exists(serves), project__in=project_ids)
    newest_first = ("project_id", "stream", "-ended_at", "-pk")
    return rows.order_by(*newest_first).distinct("project_id", "stream")


# The worst first.
LIGHTS: Final = ("red", "yellow", "green", "gray")
