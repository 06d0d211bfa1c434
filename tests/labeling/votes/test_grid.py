"""Pages of items that the model takes for the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from labeling.errors import ForbiddenError, InvalidInputError
from labeling.models import Annotation, Item, Project, QueueEntry
from labeling.services.queue import order
from labeling.services.votes import grid, suggestions
from tests import make

pytestmark = pytest.mark.django_db


def told(label: str, confidence: float) -> dict[str, Any]:
    return {"label": label, "confidence": confidence, "model": 1}


def project_of(*labels: str, reason: str = "model") -> Project:
    """Return a project whose queue carries a suggestion for each item, surer and surer."""
    project = make.project(suggestion_mode="assist")
    entries = [
        order.Entry(
            make.item(project).pk,
            0,
            is_first=True,
            rank=float(place),
            reason=reason,
            suggestion=told(label, 0.5 + place / 1000),
        )
        for place, label in enumerate(labels)
    ]
    order.swap(project.pk, entries)
    return project


def free(project: Project, label: str) -> int:
    """Return how many items with this suggestion need not be answered blind."""
    entries = QueueEntry.objects.select_related("item").filter(project=project)
    return sum(
        suggestions.may_suggest(project, entry)
        for entry in entries
        if entry.suggestion and entry.suggestion["label"] == label
    )


def test_a_page_holds_one_label_the_commonest_and_the_surest_of_it() -> None:
    project = project_of(*(["x", "y", "y"] * 20))
    who = make.member(project)
    page = grid.lend(who, 12)
    labels = {
        assignment.suggestion["label"]
        for assignment in page.assignments
        if assignment.suggestion
    }
    assert (page.labels, len(page.assignments), labels) == (("y",), 12, {"y"})
    least = min(
        float((assignment.suggestion or {})["confidence"])
        for assignment in page.assignments
    )
    left = QueueEntry.objects.select_related("item").filter(
        suggestion__label="y", suggestion__confidence__gt=least
    )
    assert not any(suggestions.may_suggest(project, entry) for entry in left)


def test_items_to_be_answered_blind_are_on_no_page() -> None:
    project = project_of(*(["x"] * 60))
    # The seed and the ids of the items decide together: look for one that hides many.
    while (able := free(project, "x")) > 52:
        project.seed += 1
    assert able > 30
    project.save()
    who = make.member(project)
    page = grid.lend(who, 50)
    rest = grid.lend(who, 50, [assignment.pk for assignment in page.assignments])
    assert len(page.assignments) + len(rest.assignments) == able

    for reason in ("evaluation", "random"):
        other = project_of(*(["x"] * 5), reason=reason)
        assert grid.lend(make.member(other), 5).reason == "no_suggestions"
    twice = project_of(*(["x"] * 5))
    Item.objects.filter(project=twice).update(votes_wanted=2)
    assert grid.lend(make.member(twice), 5).reason == "no_suggestions"


def test_two_people_never_get_the_same_page() -> None:
    project = project_of(*(["x"] * 60))
    pages = [grid.lend(make.member(project), 20) for _ in range(2)]
    ids = [assignment.item_id for page in pages for assignment in page.assignments]
    assert len(ids) == len(set(ids)) == 40


def test_what_is_held_comes_again_but_for_what_is_left_for_later() -> None:
    project = project_of(*(["x"] * 40))
    who = make.member(project)
    first = [assignment.pk for assignment in grid.lend(who, 10).assignments]
    assert [assignment.pk for assignment in grid.lend(who, 10).assignments] == first
    second = [assignment.pk for assignment in grid.lend(who, 10, first[:3]).assignments]
    assert set(first[3:]) < set(second)
    assert not set(first[:3]) & set(second)
    assert {assignment.pk for assignment in make.lease(who, 50)} >= {*first, *second}


def test_c11_of_several_labels_a_page_holds_one_set() -> None:
    project = make.project(suggestion_mode="assist", task_type="multi")
    sets = [("x", "y"), ("x",), (), ()] * 20
    some = [make.item(project) for _ in sets]
    entries = [
        order.Entry(
            item.pk,
            0,
            is_first=True,
            rank=float(place),
            reason="model",
            suggestion={
                **told(names[0] if names else "", 0.9),
                "labels": dict.fromkeys(names, 0.9),
            },
        )
        for place, (item, names) in enumerate(zip(some, sets, strict=True))
    ]
    order.swap(project.pk, entries)
    who = make.member(project)

    page = grid.lend(who, 10)

    held = {assignment.pk: assignment for assignment in page.assignments}
    assert (page.labels, len(held)) == ((), 10)
    assert {str((lent.suggestion or {})["labels"]) for lent in held.values()} == {"{}"}
    # What is held goes on: also none of the labels is an answer.
    assert grid.lend(who, 10).labels == ()
    QueueEntry.objects.filter(suggestion__label="").delete()
    following = grid.lend(make.member(project), 5)
    assert following.labels in {("x",), ("x", "y")}
    sets_lent = {
        grid.labels_of(lent.suggestion or {}) for lent in following.assignments
    }
    assert sets_lent == {following.labels}


def test_only_where_suggestions_are_shown() -> None:
    blind = make.project()
    with pytest.raises(ForbiddenError):
        grid.lend(make.member(blind), 5)
    with pytest.raises(InvalidInputError):
        grid.lend(make.member(project_of("x")), 51)


def test_paused_people_and_full_quotas_get_no_page() -> None:
    project = project_of(*(["x"] * 20))
    who = make.member(project)
    who.is_paused = True
    assert grid.lend(who, 5).reason == "paused"
    who.is_paused, who.quota = False, 2
    assert len(grid.lend(who, 5).assignments) == 2


def test_a_page_over_the_api_and_its_answers() -> None:
    project = project_of(*(["x"] * 30))
    who = make.user()
    make.member(project, who=who)
    call = make.Caller(who)
    page = call("post", f"projects/{project.slug}/queue/grid/", {"count": 6}).json()
    assert (page["label"], len(page["items"]), page["reason"]) == ("x", 6, None)
    votes = [
        {
            "assignment": item["assignment"],
            "labels": ["y" if number == 2 else "x"],
            "client_id": str(uuid.uuid4()),
            "seconds": 0.4,
            "screen": "grid",
        }
        for number, item in enumerate(page["items"])
    ]
    told = call("post", f"projects/{project.slug}/annotations/", votes).json()
    assert [result["status"] for result in told["results"]] == [201] * 6
    kept = Annotation.votes.filter(project=project).order_by("pk")
    assert [vote.labels for vote in kept] == [["x"]] * 2 + [["y"]] + [["x"]] * 3
    assert {vote.screen for vote in kept} == {"grid"}
    assert all(
        vote.suggestion_shown and vote.suggestion_shown["label"] == "x" for vote in kept
    )

    for body in ({"count": "6"}, {"left": "all"}, {"left": [0.5]}, {"count": 0}):
        answer = call("post", f"projects/{project.slug}/queue/grid/", body)
        assert answer.status_code == 400, body
    strange = {**votes[0], "client_id": str(uuid.uuid4()), "screen": "<b>"}
    refused = call("post", f"projects/{project.slug}/annotations/", strange)
    assert "screen" in refused.json()["errors"]


def test_a_page_takes_the_same_number_of_queries_whatever_its_size(
    django_assert_max_num_queries: Any,
) -> None:
    project = project_of(*(["x"] * 60))
    who = make.member(project)
    with django_assert_max_num_queries(12):
        assert len(grid.lend(who, 40).assignments) == 40
