"""The meter: measured as labels come in, kept, shown, and followed by the queue's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from activelearn.core import meter as core
from activelearn.models import LearningPolicy, MeterLook
from activelearn.services.judging import meter
from activelearn.services.labels import arms
from activelearn.services.ordering import ranking
from labeling.models import Item, Job, Project, QueueEntry, Resolution
from labeling.services.projects import policy
from labeling.services.votes import settle
from labeling.services.work import jobs
from tests import make

pytestmark = pytest.mark.django_db

POINT = {"value": 0.7, "low": 0.6, "high": 0.8}


def tabled(pool: int = 150, held_out: int = 80, **settings: Any) -> Project:
    """Return a project of points of two clouds, a third of whose places chance decides."""
    settings = {"exploration_rate": 0.35, "evaluation_rate": 0.3, **settings}
    project = make.project(data_type="table", **settings)
    rng = np.random.default_rng(0)
    for number in range(pool + held_out):
        side = int(rng.integers(2))
        x, y = (rng.normal(size=2) + side).round(3).tolist()
        split = "pool" if number < pool else "evaluation"
        make.item(project, data={"x": x, "y": y}, metadata={"side": side}, split=split)
    return project


def label(project: Project, count: int, *, is_fooled: bool = False) -> None:
    """Answer ``count`` of what the queue has, by the cloud that each is of.

    is_fooled: what the rule has chosen gets the other answer.
    """
    who = make.member(project)
    sides = dict(Item.objects.filter(project=project).values_list("pk", "metadata"))
    for _ in range(count // 20):
        ranking.rank(project)
        for assignment in make.lease(who, 20):
            side = sides[assignment.item_id]["side"]
            is_wrong = is_fooled and assignment.reason in {"cold", "model"}
            make.vote(who, assignment, "xy"[side != is_wrong])
        settle.settle_project(project.pk)


def test_it_says_where_the_labels_were_chosen_in_another_way(client: Client) -> None:
    project = make.project(strategy="margin")
    client.force_login(make.manager_of(project).user)
    page = f"/projects/{project.slug}/models/"

    def shown() -> str:
        return " ".join(client.get(page).content.decode().split())

    kept(project, 20, "saves", strategy="margin")
    assert "in another way" not in shown()
    policy.change(project, {"strategy": "entropy"})
    assert "in another way now: this was measured of “Margin”" in shown()
    kept(project, 30, "saves", strategy="entropy")
    assert "up to the look with 20 of each were chosen by “Margin”" in shown()
    kept(project, 45, "saves", strategy="")
    MeterLook.objects.filter(labels=20).delete()
    assert "were chosen by" not in shown()


def looked(project: Project) -> Job | None:
    """Run the look that waits."""
    waiting = Job.objects.filter(project=project, kind="learn.meter", state="queued")
    if job := waiting.first():
        jobs.run(job.pk)
        job.refresh_from_db()
    return job


def kept(project: Project, labels: int, verdict: str, **fields: Any) -> MeterLook:
    """Keep a look as a job of earlier would have."""
    value = {"saves": 0.38, "costs": -0.4, "cannot tell": 0.1}[verdict]
    values: dict[str, Any] = {
        "held_out": 40,
        "value": value,
        "low": value - 0.18,
        "high": value + 0.13,
        "more": 0,
        "points": [
            {"labels": size, "model": POINT, "chance": POINT} for size in (10, labels)
        ],
        "before": "model",
        "orderer": "model",
        **fields,
    }
    return MeterLook.objects.create(
        project=project, labels=labels, verdict=verdict, **values
    )


def test_an_order_asks_for_a_look_once_both_arms_have_enough_labels() -> None:
    project = tabled()
    label(project, 120)
    order = jobs.enqueue("learn.rank", project=project, series="rank")
    jobs.run(order.pk)

    job = looked(project)

    assert job is not None
    assert (job.state, job.error) == ("done", None)
    look = MeterLook.objects.get()
    assert job.result == {"labels": look.labels, "held_out": look.held_out}
    assert look.labels in core.RUNGS
    assert look.held_out >= core.FEWEST_HELD_OUT
    assert look.verdict == "cannot tell"
    assert (look.before, look.orderer) == ("model", "model")
    assert look.strategy == "auto"
    points = meter.points_of(look)
    assert [point.labels for point in points] == sorted(core.sizes_of(look.labels))
    assert points[-1].chance.value > 0.6
    # An expert may still take a decision back: nothing has learned from its label.
    assert not Resolution.objects.exclude(used_at=None).exists()
    # The same labels are not looked at twice.
    meter.consider(project.pk)
    assert looked(project) is None


@pytest.mark.parametrize("lacking", [{"exploration_rate": 0}, {"held_out": 15}])
def test_without_an_arm_or_held_out_labels_there_is_nothing_to_look_at(
    lacking: dict[str, Any],
) -> None:
    project = tabled(**lacking)
    label(project, 120)

    meter.consider(project.pk)

    assert looked(project) is None


def test_a_job_with_nothing_to_look_at_never_loads_the_table() -> None:
    # Both arms have votes, of which each item needs one more.
    project = tabled(
        200, 20, min_votes=2, overlap=2, evaluation_rate=0, exploration_rate=0.5
    )
    label(project, 120)
    Item.objects.filter(project=project, split="evaluation").update(state="settled")
    meter.consider(project.pk)

    job = looked(project)

    assert job is not None
    assert (job.state, job.error, job.stage) == ("done", None, "")


def test_the_arms_are_what_chance_drew_and_what_the_rule_chose() -> None:
    project = tabled()
    label(project, 50)

    both = arms.taken(project, 100)

    reasons = dict(
        arms.pool_votes(project).order_by("pk").values_list("item", "reason")
    )
    assert {reasons[pk] for pk in both.rule} <= {"cold", "model"}
    drawn = [pk for pk, reason in reasons.items() if reason == "random"]
    assert [pk for pk in both.chance if reasons[pk] == "random"] == drawn
    assert min(len(drawn), len(both.rule)) == arms.fewest(project.pk)


@pytest.mark.django_db(transaction=True)
def test_the_arms_read_the_first_votes_without_all_others() -> None:
    project = make.project()
    held: list[bool | None] = []

    def seen(execute: Callable[..., Any], *call: Any) -> Any:
        *_, context = call
        held.append(getattr(context["cursor"].cursor, "withhold", None))
        return execute(*call)

    with connection.execute_wrapper(seen):
        arms.taken(project, 10)

    # What outlives its transaction is computed as a whole before the first row.
    assert True not in held
    assert False in held


def shares(project: Project) -> dict[str, int]:
    ranking.rank(project)
    firsts = QueueEntry.objects.filter(item__project=project, is_first=True)
    top = list(firsts.order_by("rank").values_list("reason", flat=True)[:50])
    return {reason: top.count(reason) for reason in set(top)}


def test_two_looks_that_say_it_costs_let_chance_order_and_tell_why() -> None:
    # In a small pool much of what is fooled would be drawn, too.
    project = tabled(700)
    # By luck of the draw one look in three cannot tell.
    project.seed = 1
    project.save()
    label(project, 200, is_fooled=True)
    kept(project, 10, "costs")
    before = shares(project)
    Job.objects.all().delete()

    meter.consider(project.pk)
    job = looked(project)

    assert job is not None
    look = meter.looks_of(project.pk)[0]
    assert look.verdict == "costs"
    assert (look.before, look.orderer, look.is_switch) == ("model", "chance", True)
    assert "chance is to order the queue" in str(job.log)
    assert Job.objects.filter(kind="learn.rank", state="queued").exists()
    after = shares(project)
    assert before["random"] == pytest.approx(17.5, abs=1)
    assert after["random"] == pytest.approx(30, abs=1)
    # The model keeps a tenth, or there would be nothing more to measure.
    assert after["model"] == pytest.approx(5, abs=1)


def test_a_project_may_say_that_the_model_orders_all_the_same() -> None:
    project = tabled(fall_back=False)
    # Luck moves the share by a place or two.
    project.seed = 1
    project.save()
    kept(project, 20, "costs", orderer="chance")

    assert not meter.has_fallen_back(LearningPolicy.of(project.pk))
    assert shares(project)["random"] == pytest.approx(17.5, abs=1)
    policy.change(project, {"fall_back": True})
    assert meter.has_fallen_back(LearningPolicy.of(project.pk))


def page(project: Project, client: Client) -> str:
    client.force_login(make.manager_of(project).user)
    return client.get(f"/projects/{project.slug}/models/").content.decode()


def test_before_the_first_look_the_page_says_what_it_takes(client: Client) -> None:
    project = make.project()

    assert "it takes 20 labels of the random share" in page(project, client)
    policy.change(project, {"exploration_rate": 0})
    assert "the random share of the queue is 0" in page(project, client)


def test_the_page_shows_the_saving_its_interval_and_the_curves(client: Client) -> None:
    project = make.project()
    kept(project, 45, "saves")

    shown = page(project, client)

    assert "saves 38 % of the labels (20 to 51 %)" in shown
    assert 'class="line second"' in shown
    assert "Chosen by the model" in shown


@pytest.mark.parametrize(
    ("verdict", "fields", "told"),
    [
        ("costs", {}, "costs 40 % more labels (27 to 58 %)"),
        ("costs", {"low": None}, "costs 40 % more labels (at least 27 %)"),
        ("saves", {"high": None}, "saves 38 % of the labels (at least 20 %)"),
        ("cannot tell", {}, "right on 70 % of the held-out items"),
        ("cannot tell", {}, "needs about 25 more labels of the random share"),
        ("cannot tell", {"more": 120}, "about 120 more held-out labels tell"),
    ],
)
def test_each_verdict_has_its_words(
    verdict: str, fields: dict[str, Any], told: str, client: Client
) -> None:
    project = make.project()
    kept(project, 45, verdict, **fields)

    assert told in page(project, client)


def test_what_was_clear_with_fewer_labels_is_still_told(client: Client) -> None:
    project = make.project()
    kept(project, 30, "saves")
    kept(project, 45, "cannot tell")

    shown = page(project, client)

    assert "With 30 labels of each it was clear: The model" in shown
    assert shown.count("saves 38 %") == 2


def test_a_switch_stays_on_the_page_with_its_evidence(client: Client) -> None:
    project = make.project()
    kept(project, 30, "costs")
    kept(project, 45, "costs", orderer="chance")

    shown = page(project, client)
    policy.change(project, {"fall_back": False})
    overruled = page(project, client)

    assert "chance is to order the queue" in shown
    assert "Chance orders the queue now" in shown
    assert "chance orders</span>" in shown
    assert "the model orders the queue all the same" in overruled
    assert "chance orders</span>" not in overruled


def test_after_the_last_look_the_page_promises_no_other(client: Client) -> None:
    project = make.project()
    kept(project, core.RUNGS[-2], "costs")
    kept(project, core.RUNGS[-1], "costs", orderer="chance")

    shown = page(project, client)

    assert "until somebody changes the settings" in shown
    assert "gets them all back" not in shown


def test_programs_get_the_looks_and_who_orders() -> None:
    project = make.project()
    kept(project, 30, "costs")
    kept(project, 45, "costs", before="model", orderer="chance")
    call = make.Caller(make.manager_of(project).user)

    told = call("get", f"projects/{project.slug}/meter/").json()

    assert (told["orderer"], told["next_labels"]) == ("chance", 70)
    assert [look["labels"] for look in told["looks"]] == [45, 30]
    assert told["looks"][0]["points"][0]["model"] == POINT
    assert told["looks"][0]["low"] == pytest.approx(-0.58)
    other = make.Caller(make.member(project).user)
    assert other("get", f"projects/{project.slug}/meter/").status_code == 403
