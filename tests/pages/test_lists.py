"""Lists on pages: every row once, forward and back, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from activelearn.models import Duel, ModelVersion, TrainingRun
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Guideline,
    Invitation,
    Item,
    Membership,
    Project,
)
from labeling.services.experts import doubts
from labeling.services.projects import guidelines, invitations
from tests import make
from tests.labeling.experts.test_experts_api import doubted
from tests.test_list_queries import often_answered, trained
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


class Reader:
    """A manager who reads one list of one page."""

    def __init__(self, project: Project, tab: str, name: str) -> None:
        self.client = browser(make.manager_of(project).user)
        self.path = f"/projects/{project.slug}/{tab}/"
        self.name = name

    def page(self, query: str = "") -> Any:
        return self.client.get(self.path + query).context[self.name]

    def pages(self, page: Any, way: str) -> Iterator[Any]:
        """Follow the links of one way from a page on."""
        yield page
        while query := getattr(page, way):
            page = self.page(query)
            yield page


def invited(count: int) -> Project:
    """Return a project with so many invitations."""
    project = make.project()
    for _ in range(count):
        invitations.create(make.manager_of(project), "annotator")
    return project


def learned(count: int) -> Project:
    """Return a project with so many runs and versions, of which one has as many duels."""
    project = make.project()
    trained(project, count)
    newest = ModelVersion.objects.filter(project=project).latest("number")
    Duel.objects.filter(project=project).update(challenger=newest)
    return project


def keys(*pages: Any) -> list[int]:
    return [row.pk for page in pages for row in page.rows]


def test_members_stand_by_name_on_every_page_forward_and_back(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project()
    for _ in range(107):
        make.member(project)
    reader = Reader(project, "members", "people")
    with CaptureQueriesContext(connection) as few:
        first = reader.page()
    cost = len(few)  # before the next request forgets it

    there = list(reader.pages(first, "more"))
    back = list(reader.pages(there[-1], "back"))

    by_name = Membership.objects.filter(project=project).order_by("user__username")
    assert keys(*there) == [member.pk for member in by_name]
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]
    with django_assert_num_queries(cost + 1):
        reader.page(first.more)


@pytest.mark.parametrize(
    ("tab", "name", "builder", "count", "rows"),
    [
        ("members", "links", invited, 52, Invitation),
        ("models", "runs", learned, 22, TrainingRun),
        ("models", "models", learned, 22, ModelVersion),
        ("models", "duel_list", learned, 7, Duel),
        ("items/{item}", "listed", often_answered, 52, Annotation.votes),
        ("items/{item}", "history", often_answered, 52, AnnotationEvent),
    ],
)
def test_a_list_shows_every_row_once_and_the_other_lists_of_its_page_stay(
    tab: str, name: str, builder: Callable[[int], Project], count: int, rows: Any
) -> None:
    project = builder(count)
    first = Item.objects.filter(project=project).first()
    reader = Reader(project, tab.format(item=first.pk if first else 0), name)

    there = list(reader.pages(reader.page("?newer=9"), "more"))
    back = list(reader.pages(there[-1], "back"))

    kept = getattr(rows, "objects", rows).filter(project=project)
    shown = keys(*there)
    assert len(there) > 1
    assert len(shown) == len(set(shown)) == kept.count()
    assert set(shown) == {row.pk for row in kept}
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]
    assert all("newer=9" in page.more for page in there[:-1])


def test_who_voted_has_one_number_on_every_page() -> None:
    first = make.user()
    project = often_answered(57, first=first)
    item = Item.objects.get(project=project)
    expert = Membership.objects.get(project=project, role="expert")
    client, address = browser(expert.user), f"/projects/{project.slug}/items/{item.pk}/"

    newest = client.get(address).context
    rest = client.get(address + newest["listed"].more).context

    assert [name for name, _vote in newest["votes"]] == ["A1"] * 50
    assert [name for name, _vote in rest["votes"]] == ["A1"] * 6 + ["A2"]


def test_two_lists_of_a_page_are_turned_each_for_itself() -> None:
    project = make.project()
    for number in range(25):
        guidelines.revise(project, make.manager_of(project).user, f"text {number}")
    reader = Reader(project, "guideline", "versions")

    there = list(reader.pages(reader.page("?before=7"), "more"))

    shown = [version.version for page in there for version in page.rows]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == Guideline.objects.filter(project=project).count() >= 25
    assert all("before=7" in page.more for page in there[:-1])
    assert there[1].back.count("newer=") == 1
    assert "older=" not in there[1].back


@pytest.mark.parametrize("which", ["low-confidence", "flagged", "suspects"])
def test_a_page_whose_rows_were_all_dealt_with_is_the_first(which: str) -> None:
    project = doubted([0.95] * 30)
    reader = Reader(project, f"disagreements/{which}", "listing")
    first = reader.page()
    member = make.manager_of(project)
    last = reader.page(first.more)
    for row in last.rows:
        item_id = getattr(row, "item_id", row.pk)
        doubts.take_up(member, item_id, "low")
        doubts.check(member, item_id)

    assert (len(first.rows), len(last.rows)) == (25, 5)
    assert keys(reader.page(first.more)) == keys(first)


@pytest.mark.parametrize("query", ["before=9", "after=9", "before=0", "before=x"])
def test_a_row_that_is_not_there_begins_the_first_page(query: str) -> None:
    reader = Reader(make.project(), "members", "people")

    shown = reader.page(f"?{query}")

    assert keys(shown) == keys(reader.page())
    assert (shown.back, shown.more) == ("", "")
