"""People and programs see what the models read."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn.services.features import store
from labeling.models import Project
from tests import make
from tests.activelearn.features.test_specs import add

pytestmark = pytest.mark.django_db

ROWS: list[dict[str, object]] = [
    {"amount": n * 1.5, "kind": "ab"[n % 2], "id": f"row-{n}", "same": 1}
    for n in range(60)
]


def table() -> Project:
    project = make.project(data_type="table")
    add(project, ROWS)
    return project


def test_k12_a_program_is_told_each_column_and_why_one_is_unused() -> None:
    project = table()
    store.load(project)
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/features/").json()

    assert (answer["kind"], answer["version"], answer["rows"]) == ("table", 2, 45)
    told = {column["name"]: column for column in answer["columns"]}
    assert (told["amount"]["low"], told["amount"]["high"]) == ("0", "87")
    assert told["kind"]["values"] == ["a", "b"]
    assert (told["id"]["read_as"], told["id"]["unused"]) == ("", "identifier")
    assert told["same"]["unused"] == "constant"


@pytest.mark.parametrize(
    ("kind", "told"),
    [("text", ("text", 2)), ("image", ("image", 3)), ("table", ("", 0))],
)
def test_a_program_is_told_how_any_project_reads(
    kind: str, told: tuple[str, int]
) -> None:
    project = make.project(data_type=kind)
    call = make.Caller(make.manager_of(project).user)

    answer = call("get", f"projects/{project.slug}/features/").json()

    assert (answer["kind"], answer["version"]) == told
    assert [column["name"] for column in answer["columns"]] == list(
        filter(None, told[:1])
    )


def test_k12_the_models_page_says_what_is_read_and_what_is_not(client: Client) -> None:
    project = table()
    client.force_login(make.manager_of(project).user)
    address = f"/projects/{project.slug}/models/"
    assert "What the model reads" not in client.get(address).content.decode()
    store.load(project)

    page = client.get(address).content.decode()

    assert "What the model reads" in page
    assert "0 to 87" in page
    assert "not used: it is another one in each row" in page
    assert "not used: every row has the same value" in page
