"""A leak check at each run: what a model has as good as seen is not judged on."""

from __future__ import annotations

import pytest

from activelearn.core.leaks import Leaks
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.judging import leaking
from activelearn.services.training import reproducing, triggers
from activelearn.services.versions import registry
from labeling.models import Item, Project, Resolution
from labeling.services.votes import gold
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.test_split import form, sentence

pytestmark = pytest.mark.django_db


def known(project: Project, number: int, text: str, split: str, **more: str) -> Item:
    label = "xy"[number % 2]
    word = {"x": "refund", "y": "card"}[label]
    item = make.item(
        project, data={"text": f"{word} {text} {word}"}, split=split, **more
    )
    gold.record(project, [(item, [label])])
    return item


def project_of(leaking_items: int) -> Project:
    """Return a project of 80 labels, and 40 held-out ones of which some leak."""
    project = make.project()
    for number in range(80):
        known(project, number, sentence(number), "pool")
    for number in range(40):
        text = sentence(number if number < leaking_items else 1000 + number)
        known(project, number, text.upper(), "evaluation")
    return project


def trained(project: Project) -> TrainingRun:
    run, _ = triggers.request(project, make.manager_of(project).user, "")
    jobs.run(run.job_id)
    return TrainingRun.objects.select_related("job").get(pk=run.pk)


def test_c6_a_leak_blocks_the_promotion_and_the_run_says_so() -> None:
    project = project_of(leaking_items=10)

    run = trained(project)

    assert run.verdict == "leak"
    assert "10 of 40 held-out items are nearly the same" in str(run.explanation)
    assert registry.champion(project) is None
    assert "leak check" in str(run.job.log)


def mended(project: Project) -> None:
    """Delete the held-out items that leak: what is learned from stays as it is."""
    held_out = Item.objects.filter(project=project).evaluation().order_by("pk")
    Item.objects.filter(pk__in=held_out[:10].values("pk")).delete()


def test_c6_once_a_leak_is_mended_the_same_labels_are_judged_again() -> None:
    project = project_of(leaking_items=10)
    run = trained(project)
    who = make.manager_of(project).user

    # While it leaks the run is as good as done, and no other is started.
    assert triggers.request(project, who, "") == (run, False)

    mended(project)
    again, is_new = triggers.request(project, who, "")
    assert is_new
    jobs.run(again.job_id)
    again.refresh_from_db()

    assert again.verdict == "promote"
    assert again.model.sha256 == run.model.sha256
    assert reproducing.reproduce(again.model).differences == []
    # Once: that experiment is done now, too.
    assert triggers.request(project, who, "") == (again, False)


def test_c6_a_version_that_waited_until_it_leaked_is_made_again_as_well() -> None:
    project = project_of(leaking_items=10)
    run = trained(project)
    # It had waited before another judgment found the leak.
    TrainingRun.objects.filter(pk=run.pk).update(verdict="cannot tell")
    TrainingRun.objects.create(
        project=project,
        job=jobs.enqueue("learn.judge", project=project, series="x"),
        trigger="held-out",
        reason=run.reason,
        judges=run.model,
        verdict="leak",
        explanation=run.explanation,
    )
    assert triggers.request(project, None, "") == (run, False)
    mended(project)

    assert triggers.request(project, None, "")[1]


def test_c6_a_few_items_that_leak_are_left_out_of_the_evaluation() -> None:
    project = project_of(leaking_items=2)

    run = trained(project)

    assert run.verdict == "promote"
    assert run.model.evaluation.items == 38
    said = next(line for line in map(str, run.job.log) if "leak check" in line)
    assert "'pairs': 2" in said
    assert "'leaking': 2" in said


def test_without_a_leak_everything_is_judged_on() -> None:
    run = trained(project_of(leaking_items=0))

    assert run.model.evaluation.items == 40


def test_c6_items_of_one_group_leak_whatever_they_say() -> None:
    project = make.project()
    learned = known(project, 0, sentence(1), "pool", group_key="g:a")
    held_out = known(project, 1, sentence(2), "evaluation", group_key="g:a")

    leaks = leaking.check(project, [learned.pk], [held_out.pk])

    assert leaks.items == [held_out.pk]
    assert leaks.examples == [(held_out.pk, learned.pk)]


def test_k11_the_items_of_a_form_do_not_leak_unless_they_are_equal() -> None:
    project = make.project()
    bring(project, "x.jsonl", lines(*({"text": form(n)} for n in range(400))))
    items = Item.objects.filter(project=project)
    pool = items.filter(split="pool").values_list("pk", flat=True)[:60]
    held_out = [*items.filter(split="evaluation").values_list("pk", flat=True)]

    leaks = leaking.check(project, list(pool), held_out)

    assert len(held_out) > 10
    assert not leaks.are_too_many
    assert len(leaks.left_out) < 0.3 * len(held_out)

    equal = known(project, 0, "", "evaluation")
    own = Item.objects.get(pk=pool[50])
    Item.objects.filter(pk=equal.pk).update(data={"text": own.data["text"].upper()})
    assert equal.pk in leaking.check(project, list(pool), [equal.pk]).items


def test_a_held_out_item_that_repeats_another_counts_once() -> None:
    project = make.project()
    own, again, other = (
        known(project, 0, text, "evaluation")
        for text in (sentence(1), f"{sentence(1)} ok", sentence(2))
    )

    leaks = leaking.check(project, [], [again.pk, own.pk, other.pk])

    assert leaks.repeats == [again.pk]
    assert leaks.left_out == {again.pk}


def test_one_leak_in_ten_is_the_most_that_may_be_left_out() -> None:
    assert not Leaks(checked=10, items=[1]).are_too_many
    assert Leaks(checked=10, items=[1, 2]).are_too_many
    assert not Leaks().are_too_many


def test_c6_what_was_left_out_does_not_have_it_judged_again() -> None:
    project = project_of(leaking_items=2)
    version = trained(project).model
    waits = {"stage": ModelVersion.Stage.WAITING, "waits_for": 39}
    ModelVersion.objects.filter(pk=version.pk).update(**waits)

    assert triggers.consider_waiting(project.pk) is None
    wait = triggers.wait_of(project)
    assert wait is not None
    assert (wait.label_count, wait.due) == (38, 38)
    # All there are have a label: nobody is told that as many will tell.
    assert wait.lacks_items

    # Nothing is judged on what an expert calls ambiguous: it makes up for no label.
    unsure = known(project, 0, sentence(2000), "evaluation")
    label = Resolution.objects.filter(item=unsure, superseded_at=None)
    label.update(is_ambiguous=True)
    assert triggers.consider_waiting(project.pk) is None
    wait = triggers.wait_of(project)
    assert wait is not None
    assert (wait.label_count, wait.due) == (38, 38)

    # Who is left out already is not taken off once more.
    judged = [*map(int, version.evaluation.pairs), unsure.pk]
    of_left_out = Resolution.objects.filter(
        item__project=project, item__split="evaluation", superseded_at=None
    ).exclude(item__in=judged)
    assert of_left_out.count() == 2
    of_left_out.filter(pk=of_left_out[0].pk).update(is_ambiguous=True)
    Item.objects.filter(pk=of_left_out[1].item_id).delete()
    wait = triggers.wait_of(project)
    assert wait is not None
    assert (wait.label_count, wait.due) == (38, 38)

    label.update(is_ambiguous=False)
    again = triggers.wait_of(project)
    assert again is not None
    assert (again.is_over, again.lacks_items) == (True, False)
    assert triggers.consider_waiting(project.pk) is not None
