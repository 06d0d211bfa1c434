"""The API as programs see it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from labeling import rules
from labeling.models import Annotation, Item, Project
from labeling.services.queue import order
from labeling.services.votes import settle
from tests import make

pytestmark = pytest.mark.django_db


def test_the_schema_tells_of_every_call_without_a_doubt(tmp_path: Path) -> None:
    call_command(
        "spectacular",
        file=str(tmp_path / "schema.yml"),
        fail_on_warn=True,
        validate=True,
    )


def json_of(response: Any) -> Any:
    return response.json()


def test_a_project_is_created_and_shown_with_its_counts() -> None:
    call = make.Caller(make.user(manager=True))
    body = {
        "name": "Tickets",
        "data_type": "text",
        "labels": [{"name": "a", "hotkey": "1"}, {"name": "b"}],
        "overlap": 2,
    }

    created = call("post", "projects/", body)

    assert created.status_code == 201
    shown = json_of(call("get", "projects/tickets/"))
    assert (shown["min_votes"], shown["counts"]["items"]) == (2, 0)
    assert json_of(call("get", "projects/"))["results"][0]["slug"] == "tickets"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"data_type": "video"},
        {"labels": [{"name": "a"}]},
        {"labels": [{"name": "a"}, {"name": "a"}]},
        {"labels": [{"name": "a", "hotkey": '">'}, {"name": "b"}]},
        {"overlap": 0},
        {"confidence": 2},
    ],
)
def test_a_wrong_project_is_a_problem_document(change: dict[str, object]) -> None:
    call = make.Caller(make.user(manager=True))
    body = {
        "name": "T",
        "data_type": "text",
        "labels": [{"name": "a"}, {"name": "b"}],
        **change,
    }

    response = call("post", "projects/", body)

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json_of(response)["errors"]


def test_an_account_without_the_right_creates_no_project() -> None:
    body = {"name": "T", "data_type": "text", "labels": [{"name": "a"}, {"name": "b"}]}

    assert make.Caller(make.user())("post", "projects/", body).status_code == 403


PATHS = [
    ("get", ""),
    ("patch", ""),
    ("get", "members/"),
    ("patch", "members/user1/"),
    ("delete", "members/user1/"),
    ("get", "items/"),
    ("post", "queue/lease/"),
    ("post", "annotations/"),
    ("get", "annotations/"),
    ("get", "agreement/"),
    ("get", "disagreements/"),
    ("post", "disagreements/1/resolve/"),
    ("post", "assignments/1/skip/"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_s15_to_an_outsider_a_project_does_not_exist(method: str, path: str) -> None:
    project = make.project()

    response = make.Caller(make.user())(method, f"projects/{project.slug}/{path}", {})

    assert response.status_code == 404


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_token_there_is_no_answer(method: str, path: str) -> None:
    project = make.project()

    response = Client().generic(method.upper(), f"/api/projects/{project.slug}/{path}")

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("patch", ""),
        ("post", "members/"),
        ("patch", "members/user1/"),
        ("delete", "members/user1/"),
        ("get", "items/"),
        ("get", "agreement/"),
        ("get", "disagreements/"),
        ("post", "disagreements/1/resolve/"),
    ],
)
def test_s15_an_annotator_may_only_label(method: str, path: str) -> None:
    project = make.project()
    call = make.Caller(make.member(project).user)

    assert call(method, f"projects/{project.slug}/{path}", {}).status_code == 403


def test_lease_and_vote_over_http() -> None:
    project = make.project()
    make.items(project, 2)
    call = make.Caller(make.member(project).user)
    lease = json_of(call("post", f"projects/{project.slug}/queue/lease/", {"count": 2}))
    vote = {
        "assignment": lease["items"][0]["assignment"],
        "labels": ["x"],
        "client_id": str(uuid.uuid4()),
        "seconds": 1.5,
    }
    path = f"projects/{project.slug}/annotations/"

    assert call("post", path, vote).status_code == 201
    assert call("post", path, vote).status_code == 200
    assert call("post", path, {**vote, "labels": ["y"]}).status_code == 422


def test_a_batch_has_an_outcome_for_each_vote() -> None:
    project = make.project()
    make.items(project, 1)
    call = make.Caller(make.member(project).user)
    lease = json_of(call("post", f"projects/{project.slug}/queue/lease/", {}))
    good = {
        "assignment": lease["items"][0]["assignment"],
        "labels": ["x"],
        "client_id": str(uuid.uuid4()),
    }
    bad = {"assignment": "1", "client_id": "no", "labels": ["x"]}

    response = call("post", f"projects/{project.slug}/annotations/", [good, bad, good])

    statuses = [result["status"] for result in json_of(response)["results"]]
    assert statuses == [201, 400, 200]


def test_edit_and_undo_need_the_newest_version() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    vote = make.vote(who, make.lease(who)[0], "x").annotation
    call = make.Caller(who.user)
    path = f"projects/{project.slug}/annotations/{vote.pk}/"

    edited = call("patch", path, {"labels": ["y"]}, **{"If-Match": '"1"'})

    assert edited.headers["ETag"] == '"2"'
    assert call("delete", path, **{"If-Match": '"1"'}).status_code == 412
    assert call("delete", path).status_code == 400
    assert call("delete", path, **{"If-Match": '"2"'}).status_code == 200


TOLD = {"label": "x", "confidence": 0.8, "model": 1, "words": ["late"]}


def suggesting(mode: str) -> tuple[Project, list[Item]]:
    """A project whose queue has a suggestion for each of sixty items."""
    project = make.project(suggestion_mode=mode)
    rows = make.items(project, 60)
    entries = [
        order.Entry(row.pk, 0, True, float(place), "model", suggestion=TOLD)
        for place, row in enumerate(rows)
    ]
    order.swap(project.pk, entries)
    return project, rows


def lent(call: make.Caller, project: Project, count: int) -> list[dict[str, Any]]:
    path = f"projects/{project.slug}/queue/lease/"
    return list(json_of(call("post", path, {"count": count}))["items"])


def test_blind_items_never_carry_a_suggestion() -> None:
    project = make.project(suggestion_mode="assist", overlap=2, min_votes=1)
    first, two, three, four = make.items(project, 4)
    Item.objects.filter(pk=four.pk).update(votes_wanted=2)
    order.swap(
        project.pk,
        [
            order.Entry(first.pk, 0, True, 0.0, "evaluation", suggestion=TOLD),
            order.Entry(two.pk, 1, False, 1.0, "second", suggestion=TOLD),
            order.Entry(three.pk, 0, True, 2.0, "model", suggestion=TOLD),
            order.Entry(four.pk, 0, True, 3.0, "model", suggestion=TOLD),
        ],
    )
    # Of this seed no item here is in the share that stays blind for good.
    Project.objects.filter(pk=project.pk).update(seed=_seed_without(three.pk))
    call = make.Caller(make.member(project).user)

    rows = lent(call, project, 4)

    shown = {row["item"]["id"]: row["suggestion"] for row in rows}
    told = {**TOLD, "labels": [TOLD["label"]]}
    assert shown == {first.pk: None, two.pk: None, three.pk: told, four.pk: None}


def _seed_without(pk: int) -> int:
    shares = (rules.draw(seed, f"blind:{pk}") for seed in range(1000))
    return next(seed for seed, share in enumerate(shares) if share > 0.5)


def test_a_share_of_the_items_stays_blind_for_good() -> None:
    project, _ = suggesting("assist")
    Project.objects.filter(pk=project.pk).update(seed=5)
    call = make.Caller(make.member(project).user)

    rows = lent(call, project, 50)

    blind = {row["item"]["id"] for row in rows if row["suggestion"] is None}
    drawn = {
        row["item"]["id"]: rules.draw(5, f"blind:{row['item']['id']}") for row in rows
    }
    assert blind == {pk for pk, share in drawn.items() if share < 0.05}
    assert len(blind) < 15


def test_the_models_answer_is_revealed_after_ones_own_and_kept_with_a_change() -> None:
    project, rows = suggesting("reveal_after")
    Project.objects.filter(pk=project.pk).update(seed=_seed_without(rows[0].pk))
    who = make.member(project)
    call = make.Caller(who.user)
    (first,) = lent(call, project, 1)
    assert first["suggestion"] is None
    body = {
        "assignment": first["assignment"],
        "labels": ["y"],
        "client_id": str(uuid.uuid4()),
    }

    path = f"projects/{project.slug}/annotations/"
    given = json_of(call("post", path, [body]))["results"][0]["annotation"]
    assert given["revealed"] == {**TOLD, "labels": [TOLD["label"]]}
    assert Annotation.votes.get().suggestion_shown is None

    match = {"If-Match": '"1"'}
    call("patch", f"{path}{given['id']}/", {"labels": ["x"]}, **match)
    assert Annotation.votes.get().suggestion_shown == TOLD


@pytest.mark.parametrize(
    "raw",
    [
        '{"count": 1, "x": "\\u0000"}',
        '{"x": "\\ud800"}',
        '{"x": NaN}',
        '{"x": 1e400}',
        "[" * 100_000,
        '{"count": "many"}',
        "nonsense",
        "[]",
    ],
)
def test_poison_in_a_body_is_a_400(raw: str) -> None:
    project = make.project()
    call = make.Caller(make.member(project).user)

    response = call.client.generic(
        "POST",
        f"/api/projects/{project.slug}/queue/lease/",
        data=raw,
        content_type="application/json",
        headers=call.headers,
    )

    assert response.status_code == 400


@pytest.mark.parametrize(
    "query", ["state=x", "split=1", "confidence_lt=9", "confidence_lt=a"]
)
def test_s13_an_unknown_filter_value_is_a_400(query: str) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    assert call("get", f"projects/{project.slug}/items/?{query}").status_code == 400


def test_lists_cost_the_same_number_of_queries_however_long(
    django_assert_max_num_queries: Any,
) -> None:
    project = make.project(overlap=2)
    make.items(project, 30)
    for label in ("x", "y"):
        who = make.member(project)
        for assignment in make.lease(who, 30):
            make.vote(who, assignment, label)
    settle.settle_project(project.pk)
    call = make.Caller(make.manager_of(project).user)

    for path in ("items/", "disagreements/", "members/", "annotations/"):
        with django_assert_max_num_queries(5):
            response = call("get", f"projects/{project.slug}/{path}")
        assert response.status_code == 200


def test_s40_strangers_see_neither_metrics_nor_details() -> None:
    assert Client().get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 401
    assert Client().get("/healthz").content == b"ok\n"
    assert set(json_of(Client().get("/readyz"))) == {"state"}


def test_a_closed_station_gives_back_what_it_holds() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 3))
    who = make.member(project)
    other = make.lease(make.member(project))[0]
    held = [assignment.pk for assignment in make.lease(who, 2)]
    call = make.Caller(who.user)
    path = f"projects/{project.slug}/queue/release/"

    given = call("POST", path, {"assignments": [*held, other.pk, 10**12]})

    assert given.json() == {"released": 2}
    assert len(make.lease(make.member(project), 3)) == 2
    for bad in ({}, {"assignments": "x"}, {"assignments": ["1"]}):
        assert call("POST", path, bad).status_code == 400


def test_a_page_of_one_person_does_not_write_as_another() -> None:
    project = make.project()
    who, other = make.member(project), make.member(project)
    call = make.Caller(other.user)

    answer = call(
        "post",
        f"projects/{project.slug}/queue/lease/",
        {"count": 1},
        **{"X-Account": str(who.user_id)},
    )

    assert answer.status_code == 401
    assert "Somebody else" in answer.json()["detail"]


def test_a_lease_names_the_label_set_in_force() -> None:
    project = make.project()
    call = make.Caller(make.member(project).user)

    answer = call("post", f"projects/{project.slug}/queue/lease/", {"count": 1})

    assert answer.json()["label_set"] == project.label_set_id


def test_an_answer_of_the_api_is_json_for_everyone_and_loads_nothing() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    told = call("get", f"projects/{project.slug}/", Accept="text/html")

    assert told.status_code == 200
    assert told.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in told.headers["Content-Security-Policy"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "5000", "abc", "1.5"])
def test_a_number_of_rows_out_of_range_is_refused(limit: str) -> None:
    call = make.Caller(make.user(manager=True))

    refused = call("get", f"projects/?limit={limit}")

    assert refused.status_code == 400
    assert json_of(refused)["errors"] == {"limit": ["A whole number from 1 to 1000."]}
    for usual in ("", "1", "1000"):
        assert call("get", f"projects/?limit={usual}").status_code == 200


def test_refusals_are_told_in_the_readers_language() -> None:
    client = Client(headers={"accept-language": "de", "authorization": "Token none"})

    refused = client.get("/api/projects/")

    assert refused.status_code == 401
    assert json_of(refused)["detail"] == "Dieses Token ist nicht gültig."
