"""Labels whose names are paths are shown together; nothing else about them changes."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from labeling.models import Label
from labeling.views.page.families import by_family
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, text


def shown(*names: str) -> list[tuple[str, list[str]]]:
    labels = [Label(name=name) for name in names]
    return [(head, [leaf.name for leaf in rest]) for head, rest in by_family(labels)]


def test_labels_of_one_parent_stand_under_it_where_its_first_one_stood() -> None:
    names = ("other", "Animal / Cat", "Plant/Rose", "Animal/ Dog", "Plant / Oak", "no")

    assert shown(*names) == [
        ("", ["other"]),
        ("Animal", ["Cat", "Dog"]),
        ("Plant", ["Rose", "Oak"]),
        ("", ["no"]),
    ]


def test_deeper_levels_are_told_apart() -> None:
    assert shown("A / B / 1", "A / B / 2", "A / 3", "A / 4") == [
        ("A / B", ["1", "2"]),
        ("A", ["3", "4"]),
    ]


@pytest.mark.parametrize("name", ["N/A", "and/or", "/r/all", "a//b", "a /", "/"])
def test_a_slash_alone_makes_no_heading(name: str) -> None:
    assert shown("x", name, "y") == [("", ["x", name, "y"])]


@given(st.lists(st.text("ab/ ", min_size=1, max_size=6), unique=True))
def test_every_label_is_shown_once_with_its_own_number(names: list[str]) -> None:
    labels = [Label(name=name) for name in names]

    leaves = [leaf for _, family in by_family(labels) for leaf in family]

    assert sorted((leaf.number, leaf.label.name) for leaf in leaves) == list(
        enumerate(names, start=1)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["label/", "disagreements/"])
def test_headings_are_shown_and_the_whole_name_is_what_is_sent(page: str) -> None:
    project = make.project(labels=("Animal / Cat", "other", "Animal / Dog"), overlap=2)
    dispute(project, ("Animal / Cat",), ("other",), **text("beast"))
    client = Client()
    client.force_login(make.member(project, "expert").user)

    html = client.get(f"/projects/{project.slug}/{page}").content.decode()

    assert '<div class="family" role="group" aria-label="Animal">' in html
    names = re.findall(r'data-label="([^"]+)"[^>]*>\s*<kbd[^>]*></kbd>(\S+)\s*<', html)
    assert names == [
        ("Animal / Cat", "Cat"),
        ("Animal / Dog", "Dog"),
        ("other", "other"),
    ]
