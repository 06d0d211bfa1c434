"""Every row stands on one page, in order, whichever way somebody walks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from labeling import paging
from labeling.errors import NotFoundError
from labeling.models import AgreementReport, Project
from labeling.paging import Cursor, RowsPage
from tests import make

pytestmark = pytest.mark.django_db

BY_VALUE = ("krippendorff_alpha", "-krippendorff_alpha")
ORDERS = [*((name, *end) for name in BY_VALUE for end in ((), ("pk",), ("-pk",)))]
ORDERS += [("pk",), ("-pk",)]
TIED = (0.5, None, 0.2, 0.5, None, 0.5, 0.2, 0.9, None)
Reports = QuerySet[AgreementReport]


def reports(project: Project, *alphas: float | None) -> Reports:
    assert project.label_set
    AgreementReport.objects.bulk_create(
        AgreementReport(
            project=project,
            label_set=project.label_set,
            computed_at=timezone.now(),
            items=0,
            votes=0,
            votes_hash=uuid4().hex,
            krippendorff_alpha=alpha,
        )
        for alpha in alphas
    )
    return AgreementReport.objects.filter(project=project)


def keys(*pages: RowsPage[Any]) -> list[int]:
    return [row.pk for page in pages for row in page.rows]


def walk(
    rows: Reports, size: int, start: RowsPage[Any], way: str
) -> list[RowsPage[Any]]:
    """Follow the links of one way from a page on."""
    (project,) = {row.project for row in rows}
    pages = [start]
    while cursor := getattr(pages[-1], way):
        assert len(pages) <= 20
        pages.append(paging.page(rows, size, cursor, project=project))
    return pages


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 4, 20])
def test_forward_and_back_the_pages_are_the_same_whatever_is_equal_or_null(
    order: tuple[str, ...], size: int
) -> None:
    rows = reports(make.project(), *TIED).order_by(*order)
    reports(make.project(), *TIED)
    by_key = () if order[-1].endswith("pk") else ("pk",)

    there = walk(rows, size, paging.page(rows, size), "next")
    back = walk(rows, size, there[-1], "previous")

    assert keys(*there) == [row.pk for row in rows.order_by(*order, *by_key)]
    assert [keys(page) for page in back[::-1]] == [keys(page) for page in there]
    assert (there[0].previous, back[-1].previous, there[-1].next) == (None, None, None)


def test_rows_without_an_order_come_newest_first() -> None:
    rows = reports(make.project(), None, None, None).order_by()

    assert keys(paging.page(rows, 5)) == [row.pk for row in rows.order_by("-pk")]


@pytest.mark.parametrize("order", ORDERS)
def test_rows_that_arrive_between_two_pages_neither_repeat_nor_hide_any(
    order: tuple[str, ...],
) -> None:
    project = make.project()
    rows = reports(project, *TIED).order_by(*order)
    known = set(rows.values_list("pk", flat=True))
    first = paging.page(rows, 3)
    reports(project, *TIED)

    there = walk(rows, 3, first, "next")
    back = walk(rows, 3, there[-1], "previous")

    assert known <= set(keys(*there))
    assert len(keys(*there)) == len(set(keys(*there)))
    assert sorted(keys(*back)) == sorted(rows.values_list("pk", flat=True))


def test_a_row_that_is_gone_still_begins_a_page_of_a_list_by_key() -> None:
    rows = reports(make.project(), *TIED).order_by("-pk")
    shown = keys(paging.page(rows, 20))
    page = paging.page(rows, 3)
    rows.filter(pk=shown[2]).delete()

    assert page.next
    assert keys(paging.page(rows, 3, page.next)) == shown[3:6]


@pytest.mark.parametrize("is_back", [True, False])
def test_a_row_that_is_gone_or_of_another_project_begins_no_page_by_value(
    *, is_back: bool
) -> None:
    project = make.project()
    rows = reports(project, *TIED).order_by("krippendorff_alpha")
    (other,) = reports(make.project(), 0.3)

    for key in (0, 10**17, other.pk):
        with pytest.raises(NotFoundError):
            paging.page(rows, 3, Cursor(key, is_back=is_back), project=project)


def test_nothing_beyond_a_row_is_an_empty_page_from_which_one_comes_back() -> None:
    project = make.project()
    rows = reports(project, 0.1, 0.2).order_by("krippendorff_alpha")
    last = rows.reverse()[0].pk

    page = paging.page(rows, 3, Cursor(last), project=project)

    assert (keys(page), page.next) == ([], None)
    assert page.previous == Cursor(last, is_back=True)


def test_a_page_by_key_costs_one_query_and_by_value_one_for_the_value(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project()
    rows = reports(project, *TIED)
    by_value = rows.order_by("krippendorff_alpha")
    some = rows[4].pk

    with django_assert_num_queries(3):
        paging.page(rows, 3)
        paging.page(rows, 3, Cursor(some))
        paging.page(by_value, 3)
    with django_assert_num_queries(2):
        paging.page(by_value, 3, Cursor(some), project=project)
