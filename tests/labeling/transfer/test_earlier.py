"""Items of a release that kept no sketches: near-duplicates of theirs are found."""

from __future__ import annotations

import pytest
from django.db.models import F

from activelearn.services.judging import leaking
from labeling import tasks
from labeling.models import (
    Item,
    Job,
    Likeness,
    LikenessBand,
    Prediction,
    Project,
    QueueEntry,
)
from labeling.services.transfer import earlier, predictions
from labeling.services.transfer.groups import EVALUATION, POOL
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.progress import Cancelled, JobLostError, log_of
from tests import make
from tests.doubles import interrupted
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.test_split import sentence

pytestmark = pytest.mark.django_db


def old(project: Project, number: int, split: str, *, known: bool = False) -> Item:
    """Make an item as the release before did: with a group, without a sketch."""
    # Of the same number, the items are nearly the same.
    count = Item.objects.count()
    text = sentence(number) + " ok" * (count % 2)
    item = make.item(
        project, data={"text": text}, split=split, group_key=f"{count:016x}"
    )
    if known:
        gold.record(project, [(item, ["x"])])
    return item


def asked(project: Project) -> Job:
    tasks.sketch()
    return Job.objects.get(kind="sketch", project=project, state="queued")


def side(item: Item) -> str:
    item.refresh_from_db()
    return str(item.split)


def test_what_nobody_has_touched_goes_to_the_side_of_what_it_is_like() -> None:
    project = make.project()
    learned, untouched = (
        old(project, 1, POOL, known=True),
        old(project, 1, EVALUATION),
    )
    free, held_out = old(project, 2, POOL), old(project, 2, EVALUATION, known=True)
    predictions.publish(project.pk, 1, [(free.pk, "x", 0.9)])
    make.ranked(project, [free])
    job = asked(project)

    jobs.run(job.pk)

    assert [side(item) for item in (learned, untouched)] == [POOL, POOL]
    assert [side(item) for item in (free, held_out)] == [EVALUATION, EVALUATION]
    assert free.group_key == held_out.group_key
    assert not Prediction.objects.filter(item=free).exists()
    assert not QueueEntry.objects.filter(item=free).exists()
    job.refresh_from_db()
    assert job.result == {"sketched": 4, "moved": 2, "apart": 0}
    # Later items find them, and nothing is asked for any more.
    again = {"text": sentence(2).upper()}
    bring(project, "new.jsonl", lines(again, {"text": sentence(1).upper()}))
    assert Item.objects.get(data=again).split == EVALUATION
    assert set(Item.objects.values_list("group_key", flat=True)) == {
        learned.group_key,
        held_out.group_key,
    }
    assert tasks.sketch() == 0


@pytest.mark.parametrize("is_equal", [True, False])
def test_what_is_labeled_on_both_sides_stays_and_is_named(*, is_equal: bool) -> None:
    project = make.project()
    held_out = old(project, 1, EVALUATION, known=True)
    learned = old(project, 1, POOL, known=True)
    if is_equal:
        Item.objects.update(data={"text": sentence(1)})
    job = asked(project)

    jobs.run(job.pk)

    assert (side(held_out), side(learned)) == (EVALUATION, POOL)
    job.refresh_from_db()
    assert job.result == {"sketched": 2, "moved": 0, "apart": 1}
    assert held_out.external_id in log_of(job)
    leaks = leaking.check(project, [learned.pk], [held_out.pk])
    assert leaks.examples == [(held_out.pk, learned.pk)]
    # What comes later and is like both is held out.
    new = {"text": sentence(1).upper()}
    bring(project, "new.jsonl", lines(new))
    assert Item.objects.get(data=new).split == EVALUATION


def test_a_named_group_is_known_by_its_name() -> None:
    project = make.project()
    first = old(project, 1, EVALUATION, known=True)
    Item.objects.filter(pk=first.pk).update(group_key="g:patient 7")
    jobs.run(asked(project).pk)

    bring(project, "n.jsonl", lines({"text": sentence(9), "group": "patient 7"}))

    assert Item.objects.latest("pk").split == EVALUATION


def test_sketching_goes_on_where_it_stopped_and_loses_nothing() -> None:
    project = make.project()
    items = [old(project, number, POOL) for number in range(6)]
    job = asked(project)
    first = interrupted(job, after="sketches", then=lambda: jobs.cancel(job))
    with pytest.raises(Cancelled):
        earlier.run(first)
    Job.objects.filter(pk=job.pk).update(state="cancelled")
    job.refresh_from_db()
    assert Likeness.objects.count() == 6
    # As if it had been cancelled behind the newest three.
    Likeness.objects.all().delete()
    LikenessBand.objects.all().delete()
    tally = {**job.params["tally"], "until": items[3].pk, "sketched": 3}
    Job.objects.filter(pk=job.pk).update(params={"tally": tally})
    # What a person has cancelled is left to people.
    assert tasks.sketch() == 0
    job.refresh_from_db()

    later = earlier.again(job, None)
    jobs.run(later.pk)

    later.refresh_from_db()
    assert later.result["sketched"] == 6
    assert Likeness.objects.count() == 3
    assert not earlier.is_lacking(project)


def test_a_worker_that_lost_the_job_sketches_nothing() -> None:
    project = make.project()
    old(project, 1, POOL)
    job = asked(project)
    progress = jobs.claim(job.pk)
    assert progress is not None
    Job.objects.filter(pk=job.pk).update(attempt=F("attempt") + 1)

    with pytest.raises(JobLostError):
        earlier.run(progress)

    assert not Likeness.objects.exists()
