"""What the database knows that an operator watches: read when it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Sum
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.versions import healing
from labeling.models import (
    AgreementReport,
    Assignment,
    Disagreement,
    Job,
    Project,
    ProjectCounter,
    QueueEntry,
)
from labeling.services.work import kinds, space

# The number of ended jobs that are counted: older ones have no say in an alarm.
RECENT: Final = 1000
_Samples = Iterable[tuple[Sequence[str], float]]


class DatabaseFacts(Collector):
    """The series that are read from the database, by a fixed number of statements."""

    def collect(self) -> Iterator[Metric]:
        """Return each series with its samples; those of projects name them by their slug."""
        yield from _of_installation()
        yield from _of_jobs()
        yield from _of_labeling()
        yield from _of_models()


def _gauge(name: str, about: str, labels: tuple[str, ...], samples: _Samples) -> Metric:
    family = GaugeMetricFamily(f"assay_{name}", about, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _counter(
    name: str, about: str, labels: tuple[str, ...], samples: _Samples
) -> Metric:
    family = CounterMetricFamily(f"assay_{name}", about, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _seconds_since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()


def _of_installation() -> Iterator[Metric]:
    votes = ProjectCounter.objects.aggregate(all=Sum("votes"))["all"] or 0
    leases = Assignment.objects.filter(
        state=Assignment.State.LEASED, expires_at__gt=Now()
    )
    jobs = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING))
    disputes = Disagreement.objects.filter(resolved_at=None)
    yield _counter("votes", "Votes that stand.", (), [((), votes)])
    for name, about, number in (
        ("queue_entries", "Places of all queues.", QueueEntry.objects.count()),
        ("leases_open", "Items that people hold.", leases.count()),
        ("jobs_open", "Jobs that wait or run.", jobs.count()),
        ("disagreements_open", "Items for experts.", disputes.count()),
        ("models_damaged", "Files of models, damaged.", healing.alarms().count()),
        ("disk_free_bytes", "Room where the data are.", space.free()),
    ):
        yield _gauge(name, about, (), [((), number)])


def _of_jobs() -> Iterator[Metric]:
    due = Job.objects.filter(state=Job.State.QUEUED).due()
    waiting: dict[str, float] = {}
    for kind, since in due.values_list("kind").annotate(Min("created_at")).order_by():
        queue = kinds.queue_of(kind)
        waiting[queue] = max(waiting.get(queue, 0.0), _seconds_since(since))
    yield _gauge(
        "job_waiting_seconds",
        "How long the job that is due has waited that has waited longest.",
        ("queue",),
        [((queue,), seconds) for queue, seconds in sorted(waiting.items())],
    )
    recent = Job.objects.exclude(finished_at=None).order_by("-pk")[:RECENT]
    ended = Counter(recent.values_list("kind", "state"))
    yield _gauge(
        "jobs_ended",
        f"The last {RECENT} jobs that have ended, by kind and how.",
        ("kind", "state"),
        sorted(ended.items()),
    )


def _of_labeling() -> Iterator[Metric]:
    counts = ProjectCounter.objects.values_list("project__slug").annotate(
        Sum("votes"), Sum("confident"), Sum("skips")
    )
    rows = list(counts.order_by("project__slug"))
    for place, (name, about) in enumerate(
        (
            ("project_votes", "Votes that stand, by project."),
            ("project_labels", "Items that ever got a confident label, by project."),
            ("project_skips", "Items that people passed on, by project."),
        ),
        start=1,
    ):
        samples = [((row[0],), row[place]) for row in rows]
        yield _counter(name, about, ("project",), samples)
    disputes = Disagreement.objects.filter(resolved_at=None).order_by()
    open_ones = dict(disputes.values_list("project__slug").annotate(Count("pk")))
    slugs = Project.objects.order_by("slug").values_list("slug", flat=True)
    yield _gauge(
        "project_disagreements_open",
        "Items for experts, by project.",
        ("project",),
        [((slug,), open_ones.get(slug, 0)) for slug in slugs],
    )
    reports = AgreementReport.objects.exclude(krippendorff_alpha=None)
    newest = (
        reports.order_by("project_id", "-computed_at")
        .distinct("project_id")
        .values_list("project__slug", "krippendorff_alpha")
    )
    yield _gauge(
        "agreement_alpha",
        "Krippendorff's alpha of the newest report.",
        ("project",),
        [((slug,), alpha) for slug, alpha in newest if alpha is not None],
    )


def _of_models() -> Iterator[Metric]:
    champions = list(
        ModelVersion.objects.filter(stage=ModelVersion.Stage.CHAMPION)
        .select_related("project", "evaluation")
        .order_by("project__slug")
    )
    of = ("project",)
    yield _gauge(
        "model_version",
        "The number of the version that serves.",
        of,
        [((version.project.slug,), version.number) for version in champions],
    )
    yield _gauge(
        "model_age_seconds",
        "Since when it serves.",
        of,
        [
            ((version.project.slug,), _seconds_since(version.promoted_at))
            for version in champions
            if version.promoted_at is not None
        ],
    )
    yield _gauge(
        "model_accuracy",
        "Its accuracy on the held-out items, when it was judged.",
        of,
        [
            ((version.project.slug,), version.evidence.summary.accuracy.value)
            for version in champions
            if version.evidence is not None
        ],
    )
    runs = TrainingRun.objects.values_list("project__slug", "job__state")
    yield _gauge(
        "training_runs",
        "Runs, by project and what became of each.",
        ("project", "state"),
        [
            ((slug, state), number)
            for slug, state, number in runs.annotate(Count("pk")).order_by(
                "project__slug", "job__state"
            )
        ],
    )
