"""What the watch makes of traffic, of items that come in, and of labels."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from activelearn.models import AskedItem, WatchPart, WatchWindow
from activelearn.services.predictions import traffic
from activelearn.services.versions import registry
from activelearn.services.watching import streams as core_streams
from activelearn.services.watching import watch
from labeling.models import Item, Job, QueueEntry
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import work
from tests.activelearn.watching import streams

pytestmark = pytest.mark.django_db


def test_traffic_as_before_is_no_change_and_other_items_are() -> None:
    project = streams.project_of(streams.rows(1, 360))

    streams.ask(project, streams.rows(2, 1000))
    quiet = streams.looked(project)
    streams.ask(project, streams.rows(3, 1000, moved=2.0))
    both = streams.looked(project)

    assert [(w.kind, w.light, w.size, w.stream) for w in quiet] == [
        ("none", "green", 1000, "traffic")
    ]
    after = both[1]
    assert (after.kind, after.light, after.act) == ("covariate", "yellow", "wait")
    assert after.shape == "sudden"
    assert after.since_at == after.started_at
    assert after.evidence["apart"]["auc"] > 0.55
    # What is judged is kept as windows alone.
    assert not WatchPart.objects.exists()
    # Items of which the model was not sure joined the pool; they are no stream.
    assert Item.objects.filter(project=project).count() > 360
    assert AskedItem.objects.filter(project=project).exists()
    assert not WatchWindow.objects.filter(stream="items").exists()


def test_the_same_items_in_another_mix_are_a_prior_shift() -> None:
    project = streams.project_of(streams.rows(1, 360))

    streams.ask(project, streams.rows(4, 1000, mix=0.8))
    (window,) = streams.looked(project)

    assert (window.kind, window.light) == ("prior", "yellow")
    assert window.evidence["mix"]["p"] < 0.001


def test_cells_that_go_missing_are_a_data_bug_and_no_drift() -> None:
    project = streams.project_of(streams.rows(1, 360))
    broken = [{**row, "color": ""} for row in streams.rows(5, 1000)]

    streams.ask(project, broken)
    (window,) = streams.looked(project)

    assert (window.kind, window.light, window.act) == (
        "data bug",
        "red",
        "mend the data",
    )
    assert "missing: color" in window.evidence["bugs"]


def test_items_that_come_in_are_a_stream_too() -> None:
    project = streams.project_of(streams.rows(1, 360))
    streams.later(project, streams.rows(6, 1000, moved=2.0))

    (window,) = streams.looked(project)

    assert (window.stream, window.kind) == ("items", "covariate")
    assert window.last_item == Item.objects.order_by("pk").last().pk  # type: ignore[union-attr]
    # Judged once.
    assert len(streams.looked(project)) == 1


def test_too_little_traffic_is_not_judged_until_it_is_enough() -> None:
    project = streams.project_of(streams.rows(1, 360))

    streams.ask(project, streams.rows(2, 400))

    assert streams.looked(project) == []
    version = registry.champion(project)
    assert version is not None
    assert core_streams.waiting(version) == 400


def test_a_look_that_is_cancelled_keeps_nothing_and_can_be_run_again() -> None:
    project = streams.project_of(streams.rows(1, 360))
    streams.ask(project, streams.rows(2, 1000))
    watch.consider(project.pk)
    job = Job.objects.get(kind="learn.watch")
    jobs.cancel(job)
    assert WatchWindow.objects.count() == 0

    assert len(streams.looked(project)) == 1


def test_a_process_writes_after_500_predictions_and_when_it_ends(
    settings: LazySettings,
) -> None:
    project = streams.project_of(streams.rows(1, 360))
    settings.WATCH_SECONDS = 3600.0

    streams.ask(project, streams.rows(2, 300))
    assert not WatchPart.objects.exists()
    streams.ask(project, streams.rows(3, 300))
    (part,) = WatchPart.objects.all()
    streams.ask(project, streams.rows(4, 10))
    traffic.flush()

    assert (part.size, len(part.names)) == (600, 200)
    assert [p.size for p in WatchPart.objects.all()] == [600, 10]
    assert len(part.rows) == 200 * 2 * part_width(part)


def part_width(part: WatchPart) -> int:
    return int(traffic.unpacked(part.rows, len(part.names)).shape[1])


def test_items_of_the_project_are_no_traffic() -> None:
    project = streams.project_of(streams.rows(1, 360))
    item = Item.objects.filter(project=project).pool().first()
    assert item is not None

    streams.ask_about(project, item)

    assert not WatchPart.objects.exists()


def test_other_labels_for_the_same_items_are_another_concept() -> None:
    project = streams.project_of(streams.rows(1, 360))
    streams.labeled(project, streams.rows(7, 60))
    (quiet,) = streams.looked(project)

    streams.labeled(project, streams.rows(8, 40), flips=True)
    window = streams.looked(project)[-1]

    assert (quiet.stream, quiet.light, quiet.size) == ("outcomes", "green", 60)
    assert (window.kind, window.light, window.act) == ("concept", "red", "retrain")
    assert window.since_at is not None
    # It began with the labels that changed, not with those before.
    assert quiet.ended_at <= window.since_at <= window.ended_at
    assert window.evidence["outcome"]["state"] == "alarm"


def test_items_unlike_all_that_was_learned_from_are_grouped_and_sent_to_people() -> (
    None
):
    project = streams.project_of(streams.rows(1, 360))
    strange = [
        {"a": 9.0 + number / 50, "b": 9.0, "color": "red"} for number in range(15)
    ]
    streams.later(project, [*streams.rows(6, 985), *strange])
    (window,) = streams.looked(project)
    (group,) = window.outliers

    call = make.Caller(make.member(project, "engineer").user)
    path = f"projects/{project.slug}/watch/windows/{window.pk}/groups/"
    sent = call("post", f"{path}0/send/").json()["items"]
    work(project)

    assert len(group) >= 10
    names = Item.objects.filter(pk__in=group)
    assert all(item.data["a"] >= 9.0 for item in names)
    assert set(sent) == set(group)
    # People are asked about them next, blind, as chosen by a rule.
    entries = QueueEntry.objects.filter(item__in=group, reason="similar")
    assert entries.count() >= len(group) / 2
    assert call("post", f"{path}1/send/").status_code == 404
