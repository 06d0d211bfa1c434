"""Further columns beside an item: where the project names them, and nowhere else."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Item, Project
from labeling.services.projects import policy
from labeling.templatetags.cells import beside, cells
from tests import make
from tests.labeling.experts.test_adjudicate import dispute
from tests.test_pages import browser

# The station chooses by the same cases.
CASES = json.loads((Path(__file__).parents[1] / "beside.json").read_text("utf-8"))
DATA = {"text": "Yes it is", "question": "Is it blue?", "url": "https://example.org/a"}


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_what_stands_beside_an_item_is_what_the_project_names(
    case: dict[str, Any],
) -> None:
    item = Item(data=case["data"], metadata=case["metadata"])
    project = Project(data_type=case["type"], beside=case["names"])

    assert list(map(list, beside(item, project).items())) == case["shown"]


@pytest.mark.django_db
def test_the_page_of_settings_offers_the_columns_that_items_have() -> None:
    project = make.project()
    make.item(project, data=DATA, metadata={"month": "May"})
    boss = make.manager_of(project).user
    client, path = browser(boss), f"/projects/{project.slug}/settings/"

    html = client.get(path).content.decode()
    for name in ("question", "url", "month"):
        assert f'value="{name}"' in html
    assert 'value="text"' not in html
    form = {
        "name": project.name,
        **{n: v for n, v in policy.values_of(project).items() if v is not False},
        "beside": ["month", "url"],
    }
    assert client.post(path, form).status_code == 302
    project.refresh_from_db()
    assert project.beside == ["month", "url"]
    # What is chosen is still offered where no item has it any more.
    project.items.all().delete()
    assert queries.columns_beside(project) == ["month", "url"]
    assert client.post(path, {**form, "beside": []}).status_code == 302
    project.refresh_from_db()
    assert project.beside == []


@pytest.mark.django_db
def test_the_page_of_settings_says_where_columns_come_from() -> None:
    project = make.project()
    make.item(project)
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/settings/"
    words = "No item has further columns yet"

    assert words in client.get(path).content.decode()
    make.item(project, data=DATA)
    assert words not in client.get(path).content.decode()


@pytest.mark.django_db
def test_columns_are_found_in_one_query_and_a_table_shows_its_own_anyway() -> None:
    project = make.project(data_type="table")
    make.item(project, data={"price": 3}, metadata={"month": "May"})

    with CaptureQueriesContext(connection) as asked:
        assert queries.columns_beside(project) == ["month"]
    assert len(asked) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "a"], "Each column once."),
        ([f"c{number}" for number in range(21)], "21 items"),
        (["n" * 201], "201"),
    ],
    ids=["twice", "many", "long"],
)
def test_too_many_or_too_long_names_are_refused(names: list[str], words: str) -> None:
    project = make.project()

    with pytest.raises(InvalidInputError) as refusal:
        policy.change(project, {"beside": names})

    assert words in str(refusal.value.by_field["beside"])


@pytest.mark.django_db
def test_by_the_api_a_manager_names_columns_and_others_may_not() -> None:
    project = make.project()
    boss = make.Caller(make.manager_of(project).user)
    annotator = make.Caller(make.member(project).user)
    path = f"projects/{project.slug}/"

    assert boss("patch", path, {"beside": ["url"]}).json()["beside"] == ["url"]
    assert annotator("patch", path, {"beside": []}).status_code == 403
    for wrong in ("url", [1], ["u"] * 21, {"url": True}, [None]):
        answer = boss("patch", path, {"beside": wrong})
        assert answer.status_code == 400, wrong
        assert "beside" in answer.json()["errors"], wrong


@pytest.mark.django_db
def test_the_station_and_the_pages_of_experts_show_them() -> None:
    project = make.project(overlap=2)
    policy.change(project, {"beside": ["url", "question"]})
    project.refresh_from_db()
    disagreement = dispute(project, data={**DATA, "hidden": "label x"})
    expert = browser(make.member(project, "expert").user)

    html = ""
    for path in ("disagreements/", f"items/{disagreement.item.pk}/"):
        html = expert.get(f"/projects/{project.slug}/{path}").content.decode()
        assert "Is it blue?" in html, path
        assert 'href="https://example.org/a"' in html, path
        assert 'rel="noopener noreferrer nofollow"' in html, path
    assert "label x" not in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "is_drawn"), [("short", True), ("so long " * 200, False)]
)
def test_the_first_item_is_drawn_with_what_stands_beside_it(
    value: str, *, is_drawn: bool
) -> None:
    project = make.project(beside=["note"])
    item = make.item(project, data={"text": "Yes it is", "note": value})
    make.ranked(project, [item])

    page = browser(make.member(project).user).get(f"/projects/{project.slug}/label/")

    html = page.content.decode()
    assert ("Yes it is" in html) is is_drawn
    assert (value in html) is is_drawn


MOMENTS = json.loads((Path(__file__).parents[1] / "moments.json").read_text("utf-8"))


@pytest.mark.parametrize(("words", "moment"), MOMENTS, ids=range(len(MOMENTS)))
def test_a_time_that_names_its_zone_is_a_moment(words: str, moment: str | None) -> None:
    (cell,) = cells({"at": words})

    wanted = datetime.fromisoformat(moment) if moment else None
    assert cell.moment == wanted


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "time", "zone"),
    [
        ("America/New_York", "21 Nov 2026, 05:00 EST", "America/New_York"),
        ("Asia/Kolkata", "21 Nov 2026, 15:30 IST", "Asia/Kolkata"),
        ("", "21 Nov 2026, 10:00 UTC", "UTC"),
        ("../../etc/passwd", "21 Nov 2026, 10:00 UTC", "UTC"),
        ("Nowhere/Town\0", "21 Nov 2026, 10:00 UTC", "UTC"),
    ],
    ids=["west", "east", "none", "path", "unknown"],
)
def test_times_are_in_the_zone_of_the_browser_which_the_page_names(
    cookie: str, time: str, zone: str
) -> None:
    project = make.project(data_type="table")
    item = make.item(project, data={"at": "2026-11-21T10:00:00Z"})
    client = browser(make.member(project, "expert").user)
    client.cookies["zone"] = cookie

    html = client.get(f"/projects/{project.slug}/items/{item.pk}/").content.decode()

    assert time in html
    assert f"Times are in the zone {zone}." in html
    # What comes next in this process is not in that zone.
    assert timezone.get_current_timezone_name() == "UTC"
