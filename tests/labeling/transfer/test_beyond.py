"""K11: a label that the draw has missed gets held-out groups, by chance alone."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pytest
from django.db import transaction

from labeling import rules
from labeling.models import (
    Item,
    Likeness,
    Prediction,
    Project,
    QueueEntry,
    Resolution,
)
from labeling.services.projects import label_sets
from labeling.services.projects import policy as policies
from labeling.services.transfer import beyond, samples
from labeling.services.transfer.samples import LabeledGroup, LabelSample
from labeling.services.votes import counts, resolutions
from labeling.services.work.transactions import lock_project
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.test_split import sentence

pytestmark = pytest.mark.django_db


def rows(label: str, *numbers: int) -> list[dict[str, object]]:
    return [{"text": sentence(n), "label": label} for n in numbers]


def of_seed(seed: int, **policy: Any) -> Project:
    project = make.project(labels=("good", "bad"), **policy)
    Project.objects.filter(pk=project.pk).update(seed=seed)
    project.refresh_from_db()
    return project


def held_out(project: Project, label: str) -> set[str]:
    """Return the texts of the held-out items of a label."""
    labels = Resolution.objects.filter(project=project, labels=[label])
    current = labels.filter(superseded_at=None, item__split="evaluation")
    return set(current.values_list("item__data__text", flat=True))


def lowest(project: Project, *numbers: int) -> list[str]:
    """Return the texts of some items, by the draw of their groups."""
    texts = [sentence(n) for n in numbers]
    keys = dict(project.items.values_list("data__text", "group_key"))
    return sorted(texts, key=lambda text: rules.draw(project.seed, keys[text]))


@pytest.mark.parametrize(
    ("having", "held"), [(1, 0), (2, 1), (3, 1), (4, 2), (9, 2), (10, 3), (500, 10)]
)
def test_a_third_of_a_labels_groups_is_held_out_and_never_more_than_half(
    having: int, held: int
) -> None:
    assert samples.wanted(having) == held


def test_each_group_of_a_label_is_held_out_with_the_same_probability() -> None:
    rng = np.random.default_rng(0)
    times: Counter[str] = Counter()
    sizes: list[int] = []
    for draws in rng.random((4000, 5)):
        grouped = {
            f"g{n}": LabeledGroup(draw, draw < 0.1, items=1, labels={"bad"})
            for n, draw in enumerate(draws)
        }
        held = {key for key, group in grouped.items() if group.is_held_out}
        held |= samples.drawn(grouped, ["bad"], room=10).groups.keys()
        times.update(held)
        sizes.append(len(held))

    # Never fewer than two of five; each of the five as often as any other.
    assert min(sizes) == 2
    share = sum(sizes) / len(sizes) / 5
    for group in range(5):
        assert times[f"g{group}"] / 4000 == pytest.approx(share, abs=0.025)


def test_a_group_counts_for_the_labels_that_it_was_drawn_for_and_no_other() -> None:
    grouped = {
        f"g{n}": LabeledGroup(n / 10, is_held_out=False, items=1, labels={"a"})
        for n in range(4)
    }
    # Its draw is the highest of all that are b, and the lowest of those that are a.
    grouped["g0"].labels.add("b")
    grouped |= {
        f"b{n}": LabeledGroup(-1, is_held_out=True, items=1, labels={"b"})
        for n in range(2)
    }

    chosen = samples.drawn(grouped, ["a", "b"], room=10)

    assert chosen.groups == {"g0": {"a"}, "g1": {"a"}}
    assert chosen.labels == {"a": LabelSample(2, 4)}


def test_a_group_that_is_too_large_stays_where_it_is() -> None:
    grouped = {
        f"g{n}": LabeledGroup(n / 10, is_held_out=False, items=30 - n, labels={"a"})
        for n in range(4)
    }

    assert set(samples.drawn(grouped, ["a"], room=29).groups) == {"g1", "g2"}


def test_k11_a_rare_label_of_a_file_gets_a_held_out_item() -> None:
    for seed in range(12):
        project = of_seed(seed)
        file = lines(*rows("good", *range(58)), *rows("bad", 60, 61))

        run = bring(project, "x.jsonl", file, labels_are="gold")

        held = held_out(project, "bad")
        # By the draw both may be; else it is the one with the lower draw.
        assert len(held) == 2 or held == {lowest(project, 60, 61)[0]}
        kept = beyond.samples_of(project.pk)
        if kept:
            assert kept == {"bad": LabelSample(1, 2)}
            assert "bad (1/2)" in str(run.job.log)
        assert run.options["evaluation_share"] == 0.3
        # What was moved counts no more as a label of the pool.
        assert counts.reconcile(project.pk) == 0


# Groups that no draw holds out with seed 7, the one with the lowest draw first.
MISSED: Final = sorted(
    (f"b{n}" for n in range(60) if rules.draw(7, f"g:b{n}") > 0.4),
    key=lambda name: rules.draw(7, f"g:{name}"),
)[:12]


def bad(*names: str) -> list[dict[str, object]]:
    """Return rows of a rare label, each in a group of its own."""
    return [
        {"text": sentence(5000 + int(name[1:])), "label": "bad", "group": name}
        for name in names
    ]


def groups_of(project: Project, label: str = "bad") -> set[str]:
    """Return the names of the held-out groups of a label."""
    items = project.items.evaluation().filter(
        resolutions__labels=[label], resolutions__superseded_at=None
    )
    return {key.removeprefix("g:") for key in items.values_list("group_key", flat=True)}


def with_good() -> Project:
    """Return a project whose share of held-out groups is what it will always be."""
    project = of_seed(7, evaluation_share=0.3)
    bring(project, "good.jsonl", lines(*rows("good", *range(100))), labels_are="gold")
    return project


def test_k11_the_groups_with_the_lowest_draws_are_held_out_however_files_come() -> None:
    parts = [bad(*MISSED[start::3]) for start in range(3)]
    for order in itertools.permutations(parts):
        project = with_good()
        for number, part in enumerate(order):
            bring(project, f"{number}.jsonl", lines(*part), labels_are="gold")

        # Twelve groups: three tenths of them.
        assert groups_of(project) == {*MISSED[:3]}
        assert beyond.samples_of(project.pk) == {"bad": LabelSample(3, 12)}
        assert counts.reconcile(project.pk) == 0
        # What comes later and is of such a group is held out, too.
        known = Likeness.objects.filter(project=project, group_key=f"g:{MISSED[0]}")
        assert set(known.values_list("split", flat=True)) == {"evaluation"}


def test_k11_the_same_file_once_more_changes_nothing() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    before = dict(project.items.values_list("pk", "split"))
    items = beyond.items_of(project.pk)

    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")

    assert dict(project.items.values_list("pk", "split")) == before
    assert beyond.items_of(project.pk) == items
    assert set(items.values()) == {frozenset({"bad"})}


def test_k11_a_group_that_a_run_has_learned_from_is_never_held_out() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[:2])), labels_are="gold")
    # The lowest is held out; a run learns from the other one, and judges by the first.
    resolutions.take(project, "pool")
    resolutions.take(project, "evaluation")

    bring(project, "y.jsonl", lines(*bad(*MISSED[2:8])), labels_are="gold")

    # One of two was: so of the six new ones those are whose draw is below a half.
    assert groups_of(project) == {MISSED[0], *MISSED[2:5]}
    assert beyond.samples_of(project.pk) == {"bad": LabelSample(4, 8)}
    learned = Resolution.objects.filter(item__group_key=f"g:{MISSED[1]}")
    assert learned.get().item.split == "pool"


def test_k11_what_was_judged_on_stays_held_out_whatever_is_drawn_later() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[4:6])), labels_are="gold")
    assert groups_of(project) == {MISSED[4]}
    resolutions.take(project, "evaluation")

    bring(project, "y.jsonl", lines(*bad(*MISSED[:4])), labels_are="gold")

    assert groups_of(project) == {MISSED[4], MISSED[0]}


def test_k11_what_people_have_voted_on_is_not_drawn_for_its_label() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[:1])), labels_are="gold")
    lent = project.items.get(group_key=f"g:{MISSED[0]}")
    Item.objects.filter(pk=lent.pk).update(votes=1)

    bring(project, "y.jsonl", lines(*bad(*MISSED[1:5])), labels_are="gold")

    # Four that nobody has had: two of these.
    assert groups_of(project) == {*MISSED[1:3]}


def test_k11_labels_by_votes_move_nothing() -> None:
    project = of_seed(7, evaluation_share=0.0)
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")
    Resolution.objects.filter(labels=["bad"]).update(source="consensus")
    policies.change(project, {"evaluation_share": 0.3})
    project.refresh_from_db()

    run = bring(project, "y.jsonl", lines(*rows("good", *range(9))), labels_are="gold")

    assert groups_of(project) == set()
    assert "bad" not in str(run.job.log)


def test_k11_where_the_file_says_its_sides_none_is_changed() -> None:
    project = of_seed(7, evaluation_share=0.3)
    said = [
        {
            "external_id": row["text"],
            "data": {"text": row["text"]},
            "label": row["label"],
            "label_source": "gold",
            "split": "pool",
            "state": "settled",
            "soft_label": {row["label"]: 1.0},
            "label_set_version": 1,
        }
        for row in (*rows("good", *range(30)), *bad(*MISSED))
    ]

    bring(project, "x.jsonl", lines(*said))

    assert Resolution.objects.filter(project=project).count() == 42
    assert set(project.items.values_list("split", flat=True)) == {"pool"}


def test_k11_where_nothing_is_to_be_held_out_no_label_is() -> None:
    project = of_seed(7, evaluation_share=0.0)

    bring(
        project, "x.jsonl", lines(*rows("good", 1, 2), *bad(*MISSED)), labels_are="gold"
    )

    assert not project.items.evaluation().exists()


def test_k11_a_label_has_its_sample_also_under_another_name() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED)), labels_are="gold")

    label_sets.revise(
        project,
        make.manager_of(project).user,
        [label_sets.LabelDraft("good"), label_sets.LabelDraft("poor")],
        {"bad": "poor"},
    )

    assert set(beyond.items_of(project.pk).values()) == {frozenset({"poor"})}
    assert beyond.samples_of(project.pk) == {"poor": LabelSample(3, 12)}


def test_k11_what_an_expert_has_decided_since_stays_held_out() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[:2])), labels_are="gold")
    decided = Resolution.objects.filter(item__group_key=f"g:{MISSED[0]}")
    decided.update(labels=["good"], source="expert")

    bring(project, "y.jsonl", lines(*rows("good", 300)), labels_are="gold")

    assert project.items.get(group_key=f"g:{MISSED[0]}").split == "evaluation"
    assert [*beyond.items_of(project.pk).values()] == [frozenset({"bad"})]


def test_k11_what_is_held_out_is_predicted_and_lent_no_more() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[:1])), labels_are="gold")
    item = project.items.get(group_key=f"g:{MISSED[0]}")
    Prediction.objects.create(
        project=project, item=item, label="bad", confidence=0.7, model_number=1
    )
    make.ranked(project, [item])

    bring(project, "y.jsonl", lines(*bad(MISSED[1])), labels_are="gold")

    assert groups_of(project) == {MISSED[0]}
    assert not Prediction.objects.exists()
    assert not QueueEntry.objects.filter(item=item).exists()


@pytest.mark.django_db(transaction=True)
def test_k11_what_a_run_takes_at_this_moment_is_not_moved_away_from_it() -> None:
    project = with_good()
    bring(project, "x.jsonl", lines(*bad(*MISSED[:1])), labels_are="gold")
    file = lines(*bad(MISSED[1]))

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # As a snapshot is taken.
            lock_project(project.pk)
            resolutions.take(project, "pool")
            imported = pool.submit(
                make.threaded(bring), project, "y.jsonl", file, labels_are="gold"
            )
            make.await_waiting()
        imported.result()

    # One is learned from, and one alone has to be learned from, too.
    assert groups_of(project) == set()
    assert project.items.filter(group_key__startswith="g:b", split="pool").count() == 2
