"""What the figures on held-out items leave out is told beside them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from activelearn.services.labels.coverage import Coverage, coverage_of
from activelearn.services.ordering import ranking
from activelearn.views.labels import coverage as page
from labeling.models import Item, Project, Resolution
from labeling.services.queue.giving_back import skip
from labeling.services.votes import gold
from tests import make

pytestmark = pytest.mark.django_db


def held_out(project: Project, state: str = "open", **fields: Any) -> Item:
    return make.item(project, split="evaluation", state=state, **fields)


def labeled(project: Project, source: str, votes: int, **fields: Any) -> None:
    Resolution.objects.create(
        project=project,
        item=held_out(project, "settled", votes=votes),
        labels=["x"],
        source=source,
        confidence=1.0,
        label_set_id=project.label_set_pk,
        created_at=timezone.now(),
        **fields,
    )


def project_of_all_kinds() -> Project:
    """Return a project with one known, one agreed and two single held-out labels.

    Besides, one item is truly ambiguous, one disputed, one skipped, two untouched; and
    others do not count.
    """
    project = make.project()
    labeled(project, "gold", 2)
    labeled(project, "consensus", 2)
    labeled(project, "consensus", 1)
    labeled(project, "consensus", 1)
    labeled(project, "expert", 2, is_ambiguous=True)
    held_out(project, "disputed", votes=2)
    skipped = held_out(project)
    make.ranked(project, [skipped])
    annotator = make.member(project)
    skip(annotator, make.lease(annotator)[0].pk)
    for state in ("open", "open", "invalid"):
        held_out(project, state)
    make.item(project)
    return project


def test_c5_each_held_out_item_is_counted_once_by_what_is_known_of_it() -> None:
    project = project_of_all_kinds()

    counts = coverage_of(project)

    assert counts == Coverage(
        9, firm=1, agreed=1, single=2, disputed=1, skipped=1, undecided=1
    )
    assert (counts.labeled, counts.hard, counts.waiting) == (4, 2, 2)
    # Nor does it count as labeled where the queue asks whether there are enough.
    assert ranking.material_of(project).settled == 4


def test_c5_the_worst_case_counts_what_people_found_hard_as_wrong() -> None:
    counts = Coverage(30, firm=0, agreed=10, single=10, disputed=3, skipped=2)

    assert counts.at_least(0.9) == pytest.approx(0.9 * 20 / 25)
    shown = page.shown(counts, 0.9)
    assert shown is not None
    assert shown.at_least == pytest.approx(0.72)
    assert sum(part.share for part in shown.parts) == pytest.approx(100)


def test_nothing_is_left_out_where_nothing_is_hard_or_held_out() -> None:
    shown = page.shown(Coverage(5, 0, 0, 5, 0, 0), 0.9)

    assert shown is not None
    assert shown.at_least is None
    assert page.shown(Coverage(0, 0, 0, 0, 0, 0), None) is None


def test_c5_the_models_page_and_the_api_tell_it(client: Client) -> None:
    project = project_of_all_kinds()
    manager = make.manager_of(project).user
    client.force_login(manager)

    text = client.get(f"/projects/{project.slug}/models/").content.decode()
    told = make.Caller(manager)("get", f"projects/{project.slug}/coverage/").json()

    assert "4 of 9 held-out items have a label." in " ".join(text.split())
    assert told == {
        "items": 9,
        "labeled": 4,
        "firm": 1,
        "agreed": 1,
        "single": 2,
        "undecided": 1,
        "beyond": 0,
        "disputed": 1,
        "skipped": 1,
        "waiting": 2,
        "rare": [],
    }


def test_k11_a_label_that_hardly_any_held_out_item_has_is_named(client: Client) -> None:
    project = make.project(labels=("x", "y", "z", "unused"))
    for split, label, times in (
        ("pool", "x", 3),
        ("pool", "y", 4),
        ("pool", "z", 2),
        ("evaluation", "x", 2),
        ("evaluation", "y", 1),
    ):
        for _ in range(times):
            gold.record(project, [(make.item(project, split=split), [label])])
    user = make.manager_of(project).user
    call = make.Caller(user)

    told = call("get", f"projects/{project.slug}/coverage/").json()["rare"]

    assert [(row["label"], row["pool"], row["held_out"]) for row in told] == [
        ("y", 4, 1),
        ("z", 2, 0),
    ]
    client.force_login(user)
    # Nothing is judged on what is truly ambiguous, so it helps no label.
    labeled(project, "expert", 2, is_ambiguous=True)
    Resolution.objects.filter(is_ambiguous=True).update(labels=["y"])
    again = call("get", f"projects/{project.slug}/coverage/").json()["rare"]
    assert again == told
    address = f"/projects/{project.slug}/models/"
    page = client.get(address).content.decode()
    assert "import more items of these labels" in page
    assert "so they are no random sample of it" in page
    held_out(project)
    shown = client.get(address).content.decode()
    assert "1 held-out item is not labeled yet" in shown
    assert "2 in the pool, 0 held out" in shown
