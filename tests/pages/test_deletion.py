"""Deleting items in the browser: what goes is said before, and typed to be sure."""

from __future__ import annotations

import pytest

from labeling.models import Item, Job
from labeling.services.work import jobs
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def test_the_filtered_list_leads_to_what_would_go_with_its_items() -> None:
    project = make.project()
    junk = [make.item(project, tags=["junk"]) for _ in range(2)]
    make.item(project)
    who = make.manager_of(project)
    make.ranked(project, junk)
    make.vote(who, make.lease(who)[0], "x")
    at = f"/projects/{project.slug}/items/"
    page = browser(who.user)

    listed = page.get(f"{at}?tag=junk&split=").content.decode()
    asked = page.get(f"{at}delete/?tag=junk").context

    assert f"{at}delete/?tag=junk&amp;split=" in listed
    loss = asked["loss"]
    assert (loss.items, loss.votes, loss.label_count) == (2, 1, 0)
    assert asked["named"] == [("Tag", "junk")]


def test_the_number_is_typed_and_a_job_deletes_them() -> None:
    project = make.project()
    for _ in range(2):
        make.item(project, tags=["junk"])
    kept = make.item(project)
    page = browser(make.manager_of(project).user)
    at = f"/projects/{project.slug}/items/delete/?tag=junk"

    wrong = page.post(at, {"number": "3"})
    right = page.post(at, {"number": "2"})

    assert wrong.status_code == 409
    assert "2 items now, not 3" in wrong.content.decode()
    job = Job.objects.get(kind="delete")
    assert right.headers["Location"] == f"/projects/{project.slug}/jobs/{job.pk}/"
    jobs.run(job.pk)
    assert list(Item.objects.all()) == [kept]
    shown = page.get(right.headers["Location"]).content.decode()
    assert "deletion of items" in shown


@pytest.mark.parametrize("query", ["", "tag=", "all=maybe"])
def test_no_filter_deletes_nothing(query: str) -> None:
    project = make.project()
    make.item(project)
    page = browser(make.manager_of(project).user)

    asked = page.get(f"/projects/{project.slug}/items/delete/?{query}")

    assert asked.status_code == 400
    assert "by a filter" in asked.content.decode()


@pytest.mark.parametrize(("role", "status"), [("expert", 403), ("engineer", 302)])
def test_s15_one_item_goes_on_its_own_page(role: str, status: int) -> None:
    project = make.project()
    item = make.item(project)
    page = browser(make.member(project, role).user)
    at = f"/projects/{project.slug}/items/{item.pk}/"

    shown = page.get(at).content.decode()
    answer = page.post(at, {"delete": "yes"})

    assert ("Delete this item" in shown) == (status == 302)
    assert answer.status_code == status
    assert Item.objects.exists() == (status == 403)


def test_s15_who_does_not_manage_the_data_sees_no_such_page() -> None:
    project = make.project()
    at = f"/projects/{project.slug}/items/delete/?all=yes"

    for role in ("annotator", "expert"):
        assert browser(make.member(project, role).user).get(at).status_code == 403
    assert browser(make.user()).get(at).status_code == 404
