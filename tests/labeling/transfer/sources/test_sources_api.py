"""Sources by the API and on their pages: for managers, and without their keys."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.core.management import CommandError, call_command

from labeling.models import Item, Job, Project, Source
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import picture
from tests.labeling.transfer.sources.server import KEY, Server, listed
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
CALLS: Final = (
    ("get", ""),
    ("post", ""),
    ("get", "{pk}/"),
    ("patch", "{pk}/"),
    ("delete", "{pk}/"),
    ("post", "{pk}/list/"),
    ("post", "{pk}/export/"),
    ("get", "{pk}/objects/"),
)


def body(server: Server, **more: Any) -> dict[str, Any]:
    return {
        "name": "b",
        "endpoint": server.endpoint,
        "bucket": "bucket",
        "key_id": KEY.id,
        "secret": KEY.secret,
        **more,
    }


def path(project: Project, rest: str = "") -> str:
    return f"projects/{project.slug}/sources/{rest}"


def test_a_source_is_added_listed_and_removed_by_the_api(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("p/a.png", picture())
    server.put("p/b.txt", b"x")
    call = make.Caller(make.manager_of(project).user)

    made = call("post", path(project), body(server, prefix="p/"))
    place = path(project, f"{made.json()['id']}/")
    asked = call("post", f"{place}list/")
    jobs.run(asked.json()["id"])
    shown = call("get", place).json()

    assert (made.status_code, asked.status_code) == (201, 202)
    assert asked["Location"] == asked.json()["url"]
    assert shown["counts"] == {
        "objects": 2,
        "new": 1,
        "known": 0,
        "changed": 0,
        "refused": 1,
        "unused": 0,
        "lists": 0,
        "removed": 0,
    }
    (odd,) = call("get", f"{place}objects/").json()["results"]
    assert (odd["key"], odd["state"], odd["item"]) == ("b.txt", "refused", None)
    assert odd["reason"].startswith("Not an image")
    changed = call("patch", place, {"name": "c", "when_changed": "new"}).json()
    assert (changed["name"], changed["when_changed"]) == ("c", "new")
    assert call("delete", place).json()["name"] == "c"
    assert call("get", place).status_code == 404
    assert Item.objects.count() == 1


def test_no_answer_tells_the_key(server: Server) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    made = call("post", path(project), body(server))
    place = path(project, f"{made.json()['id']}/")
    client = browser(make.manager_of(project).user)

    answers = [
        made,
        call("get", path(project)),
        call("get", place),
        call("patch", place, {"key_id": KEY.id, "secret": KEY.secret}),
        client.get(f"/{path(project)}"),
        client.get(f"/{place}"),
        client.post(f"/{path(project)}", body(server)),
        call("delete", place),
    ]

    assert made.json()["has_key"] is True
    for answer in answers:
        assert KEY.secret.encode() not in answer.content
        assert (
            Source.objects.get().credentials.encode() not in answer.content
            if (Source.objects.exists())
            else True
        )


@pytest.mark.parametrize("role", ["annotator", "expert", "engineer"])
@pytest.mark.parametrize(("method", "rest"), CALLS)
def test_only_managers_come_near_sources(
    server: Server, role: str, method: str, rest: str
) -> None:
    project = make.project()
    source = server.source(project)
    call = make.Caller(make.member(project, role).user)

    answer = call(method, path(project, rest.format(pk=source.pk)), {})

    assert answer.status_code == 403
    assert Source.objects.count() == 1
    assert not Job.objects.exists()


@pytest.mark.parametrize(("method", "rest"), CALLS[2:])
def test_the_source_of_another_project_is_not_there(
    server: Server, method: str, rest: str
) -> None:
    source, other = server.source(make.project()), make.project()
    call = make.Caller(make.manager_of(other).user)

    answer = call(method, path(other, rest.format(pk=source.pk)), {})

    assert answer.status_code == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize("rest", ["", "{pk}/"])
@pytest.mark.parametrize(("role", "status"), [("engineer", 403), (None, 404)])
def test_pages_are_for_managers(
    server: Server, rest: str, role: str | None, status: int
) -> None:
    project = make.project()
    source = server.source(project)
    user = make.member(project, role).user if role else make.user()

    page = browser(user).get(f"/{path(project, rest.format(pk=source.pk))}")

    assert page.status_code == status


def test_wrong_fields_are_named(server: Server) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)

    answer = call("post", path(project), body(server, bucket="x/y", color="red"))
    later = call("post", path(project), body(server, bucket="x/y", secret=""))

    assert answer.json()["errors"].keys() == {"color"}
    assert later.json()["errors"].keys() == {"bucket", "secret"}


@pytest.mark.parametrize("is_asked", [False, True])
def test_embeddings_are_a_choice_of_call_and_form(
    server: Server, *, is_asked: bool
) -> None:
    project = make.project()
    source = server.source(project)
    manager = make.manager_of(project).user
    box = {"embeddings": "1"} if is_asked else {}
    choice = {"embeddings": True} if is_asked else {}

    make.Caller(manager)("post", path(project, f"{source.pk}/export/"), choice)
    browser(manager).post(
        f"/{path(project, f'{source.pk}/')}",
        {"action": "export", "format": "jsonl", **box},
    )

    asked = [job.params["embeddings"] for job in Job.objects.all()]
    assert asked == [is_asked, is_asked]


def test_an_export_is_asked_for_by_the_api(server: Server) -> None:
    project = make.project()
    source = server.source(project)
    call = make.Caller(make.manager_of(project).user)
    place = path(project, f"{source.pk}/export/")

    asked = call("post", place, {"format": "csv", "state": "open"})
    jobs.run(asked.json()["id"])

    assert asked.status_code == 202
    (name,) = [file.name for file in (server.files / "assay-exports").iterdir()]
    assert name.endswith(".csv")
    assert call("post", place, {"format": "exe"}).status_code == 400


def test_a_source_is_added_and_changed_on_its_pages(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture())
    client = browser(make.manager_of(project).user)

    added = client.post(f"/{path(project)}", body(server, has_labels="on"))
    source = Source.objects.get()
    jobs.run(Job.objects.latest("pk").pk)
    place = f"/{path(project, f'{source.pk}/')}"
    page = client.get(place)

    assert added.status_code == 302
    assert source.has_labels
    assert "1 object:" in " ".join(page.content.decode().split())
    client.post(place, {"action": "change", "name": "other", "when_changed": "new"})
    source.refresh_from_db()
    assert (source.name, source.has_labels) == ("other", False)
    for action, kind in (("list", "list-source"), ("export", "export-source")):
        client.post(place, {"action": action, "format": "csv"})
        assert Job.objects.latest("pk").kind == kind
    assert client.post(place, {"action": "remove"})["Location"] == f"/{path(project)}"
    assert not Source.objects.exists()


def test_what_is_wrong_is_said_on_the_page(server: Server) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)

    page = client.post(f"/{path(project)}", body(server, secret="wrong", name="kept"))

    assert page.status_code == 400
    assert "SignatureDoesNotMatch" in page.content.decode()
    assert 'value="kept"' in page.content.decode()
    assert not Source.objects.exists()


def test_a_source_is_listed_by_the_command(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture())
    server.put("b.txt", b"x")
    server.source(project)

    call_command("source", project.slug, "the bucket")
    call_command("source", project.slug)

    told = capsys.readouterr()
    assert "2 objects: 1 new" in told.out
    assert "1 refused" in told.out
    assert "b.txt: Not an image" in told.err
    assert f"the bucket: {server.endpoint}/bucket/" in told.out


def test_the_command_says_what_is_not_there(server: Server) -> None:
    project = make.project()
    source = server.source(project)

    for words in (("nowhere",), (project.slug, "nothing")):
        with pytest.raises(CommandError, match="There is no"):
            call_command("source", *words)
    Source.objects.filter(pk=source.pk).update(endpoint="http://127.0.0.1:9")
    with pytest.raises(CommandError, match="does not answer"):
        call_command("source", project.slug, source.name)


def test_an_item_of_a_source_is_reached_from_the_list_of_what_is_odd(
    server: Server,
) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture())
    source = server.source(project)
    listed(source)
    server.remove("a.png")
    listed(source)
    client = browser(make.manager_of(project).user)

    page = client.get(f"/{path(project, f'{source.pk}/')}").content.decode()

    assert f"/items/{Item.objects.get().pk}/" in page
    assert "gone since" in page
