"""A person's role, quota and pause by the API."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction

from labeling.models import (
    Annotation,
    Assignment,
    Invitation,
    Membership,
    Project,
    User,
)
from labeling.services.projects import invitations, members
from labeling.services.work.transactions import keep_project
from tests import make

pytestmark = pytest.mark.django_db


def caller_of(project: Project) -> make.Caller:
    return make.Caller(make.manager_of(project).user)


def path_of(project: Project, who: User) -> str:
    return f"projects/{project.slug}/members/{who.username}/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "demote",
    [
        lambda who: members.change(who, role="annotator"),
        lambda who: members.add(who.project, who.user, "annotator"),
    ],
    ids=["changed", "added"],
)
def test_a_new_role_and_a_deletion_of_the_project_do_not_wait_for_each_other(
    demote: Callable[[Membership], Membership],
) -> None:
    project = make.project()
    who = make.member(project, "manager")

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            keep_project(project.pk)
            changing = other.submit(make.threaded(demote), who)
            make.await_waiting()
            Membership.objects.select_for_update(nowait=True).get(pk=who.pk)
        changing.result()


@pytest.mark.django_db(transaction=True)
def test_who_joins_and_a_deletion_of_the_project_do_not_wait_for_each_other() -> None:
    project = make.project()
    who = make.member(project)
    invited = invitations.create(make.manager_of(project), "manager").invitation

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            keep_project(project.pk)
            joining = other.submit(
                make.threaded(invitations.join), who.user, invited.digest
            )
            make.await_waiting()
            Invitation.objects.select_for_update(nowait=True).get(pk=invited.pk)
        assert joining.result().role == "manager"


def test_what_is_named_is_changed_and_the_rest_stays() -> None:
    project = make.project()
    who = make.member(project, quota=7)
    call, path = caller_of(project), path_of(project, who.user)

    paused = call("patch", path, {"is_paused": True}).json()
    assert paused == {
        "user": who.user.username,
        "role": "annotator",
        "quota": 7,
        "is_paused": True,
        "skill": None,
    }
    changed = call("patch", path, {"quota": None, "role": "expert"}).json()
    assert (changed["quota"], changed["role"], changed["is_paused"]) == (
        None,
        "expert",
        True,
    )
    assert call("patch", path, {}).json() == changed
    who.refresh_from_db()
    assert (who.quota, who.role, who.is_paused) == (None, "expert", True)


def test_a_quota_and_a_pause_hold_from_the_next_lease_on() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 5))
    who = make.member(project)
    call, own = caller_of(project), make.Caller(who.user)
    lease = f"projects/{project.slug}/queue/lease/"

    call("patch", path_of(project, who.user), {"quota": 2})
    assert len(own("post", lease, {"count": 4}).json()["items"]) == 2
    call("patch", path_of(project, who.user), {"quota": None, "is_paused": True})
    assert len(own("post", lease, {"count": 4}).json()["items"]) == 2
    Assignment.objects.update(state="released")
    assert own("post", lease, {"count": 4}).json()["reason"] == "paused"


@pytest.mark.parametrize(
    "change",
    [
        {"quota": 0},
        {"quota": -1},
        {"quota": 2**31},
        {"quota": 2**53},
        {"quota": 1.5},
        {"quota": True},
        {"quota": [1]},
        {"is_paused": None},
        {"is_paused": "perhaps"},
        {"role": "emperor"},
        {"role": None},
        {"role": ["expert"]},
        {"user": "else"},
        {"is_paused": True, "passed_rank": 1},
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(
    change: dict[str, Any],
) -> None:
    project = make.project()
    who = make.member(project, quota=3)

    answer = caller_of(project)("patch", path_of(project, who.user), change)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"].keys() == {list(change)[-1]}
    who.refresh_from_db()
    assert (who.role, who.quota, who.is_paused) == ("annotator", 3, False)


def test_a_body_that_is_no_object_is_refused() -> None:
    project = make.project()
    who = make.member(project)

    assert (
        caller_of(project)("patch", path_of(project, who.user), [1]).status_code == 400
    )


@pytest.mark.parametrize("name", ["nobody", "a@b.c", "%00", "%F0"])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_nobody_is_changed_who_is_no_member(method: str, name: str) -> None:
    project = make.project()
    make.user("a@b.c")

    answer = caller_of(project)(method, f"projects/{project.slug}/members/{name}/", {})

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_member_of_another_project_stays_as_they_are(method: str) -> None:
    stranger = make.member(make.project())
    project = make.project()

    # A wrong body makes no difference to who is not there.
    for body in ({}, {"role": "emperor"}, [1]):
        answer = caller_of(project)(method, path_of(project, stranger.user), body)

        assert answer.status_code == 404
    assert Membership.objects.filter(pk=stranger.pk).exists()


@pytest.mark.parametrize("role", ["annotator", "expert", "engineer"])
def test_only_managers_change_members_even_themselves(role: str) -> None:
    project = make.project()
    who = make.member(project, role, quota=1)
    call = make.Caller(who.user)

    assert call("patch", path_of(project, who.user), {"quota": 9}).status_code == 403
    assert call("delete", path_of(project, who.user)).status_code == 403
    who.refresh_from_db()
    assert who.quota == 1


def test_the_last_manager_stays_one_until_there_is_another() -> None:
    project = make.project()
    first = make.manager_of(project)
    call, path = caller_of(project), path_of(project, first.user)

    assert call("patch", path, {"role": "expert"}).status_code == 409
    assert call("delete", path).status_code == 409
    first.refresh_from_db()
    assert first.role == "manager"
    make.member(project, "manager")
    assert call("delete", path).status_code == 204
    assert call("get", f"projects/{project.slug}/").status_code == 404


def test_who_is_removed_leaves_votes_and_gives_back_the_rest() -> None:
    project = make.project()
    make.ranked(project, make.items(project, 2))
    who = make.member(project)
    answered, held = make.lease(who, 2)
    make.vote(who, answered, "x")

    caller_of(project)("delete", path_of(project, who.user))

    assert not Membership.objects.filter(pk=who.pk).exists()
    assert Annotation.votes.filter(assignment=answered).exists()
    assert [assignment.item for assignment in make.lease(make.member(project))] == [
        held.item
    ]


def test_a_name_with_signs_is_an_address_too() -> None:
    project = make.project()
    who = make.member(project, who=make.user("ann.b+c@d-e"))

    answer = caller_of(project)("patch", path_of(project, who.user), {"quota": 4})

    assert (answer.status_code, answer.json()["quota"]) == (200, 4)
