"""Lists on pages: every row once, forward and back, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from labeling.models import Guideline, Membership, Project
from labeling.services.experts import doubts
from labeling.services.projects import guidelines
from tests import make
from tests.labeling.experts.test_experts_api import doubted
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
