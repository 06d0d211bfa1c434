"""A search looks into the values of items: not at the names of columns, nor at JSON."""

from __future__ import annotations

from typing import Any, Final

import pytest

from labeling import queries
from labeling.models import Membership, Project
from labeling.services.projects import removal
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
TEXTS: Final = {
    "quotes": 'He said "hi"',
    "backslash": "C:\\new\\text",
    "percent": "100%_sure",
    "umlaut": "Größe\nund Maß",
    "plain": "nothing of it",
}


@pytest.fixture
def project() -> Project:
    project = make.project()
    bring(
        project,
        "x.jsonl",
        lines(*({"id": name, "text": text} for name, text in TEXTS.items())),
    )
    return project


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ('"hi"', ["quotes"]),
        ("HE SAID", ["quotes"]),
        ("\\", ["backslash"]),
        ("\\n", ["backslash"]),
        ("text", ["backslash"]),
        ('"text": "', []),
        ("{", []),
        ("%_", ["percent"]),
        ("%", ["percent"]),
        ("größe", ["umlaut"]),
        ("GRÖßE", ["umlaut"]),
        ("Größe\nund", ["umlaut"]),
        ("\\u00f6", []),
        ("of it", ["plain"]),
        ("absent", []),
    ],
)
def test_o11_words_are_looked_for_in_the_values(
    project: Project, words: str, names: list[str]
) -> None:
    items = queries.items_matching(project, {"q": words})

    assert sorted(items.values_list("external_id", flat=True)) == names


@pytest.mark.parametrize(
    ("words", "is_there"),
    [
        ("deep", True),
        ('a "b"', True),
        ("12.5", True),
        ("true", True),
        ("column", False),
        ("inner", False),
        ("null", False),
        ('["', False),
    ],
)
def test_o11_values_of_a_table_count_at_any_depth(
    words: str, *, is_there: bool
) -> None:
    project = make.project(data_type="table")
    row: dict[str, Any] = {
        "column": {"inner": ["x", {"inner": "Deep"}]},
        "other": 'a "b"',
        "n": 12.5,
        "yes": True,
        "none": None,
    }
    bring(project, "x.jsonl", lines(row))

    assert queries.items_matching(project, {"q": words}).exists() == is_there


def by_api(member: Membership, words: str) -> list[str]:
    answer = make.Caller(member.user)(
        "get", f"projects/{member.project.slug}/items/?q={words}"
    )
    return [row["external_id"] for row in answer.json()["results"]]


def by_page(member: Membership, words: str) -> list[str]:
    page = browser(member.user).get(
        f"/projects/{member.project.slug}/items/", {"q": words}
    )
    assert page.status_code == 200
    return [item.external_id for item in page.context["items"].rows]


@pytest.mark.parametrize("ask", [by_api, by_page])
def test_o11_the_page_and_the_api_find_the_same(project: Project, ask: Any) -> None:
    manager = make.member(project, "manager")
    settle.settle_project(project.pk)

    assert ask(manager, "He said") == ["quotes"]
    assert ask(manager, "absent") == []


def test_o11_what_is_deleted_by_words_is_what_was_seen(project: Project) -> None:
    chosen = removal.chosen(project, {"q": "text"})

    assert [item.external_id for item in chosen] == ["backslash"]
