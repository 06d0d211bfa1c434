"""Names of accounts: one for each that people can tell apart (attacks-2, 31)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import Client

from labeling.errors import InvalidInputError
from labeling.models import User
from labeling.services.accounts import names
from labeling.services.projects import members
from labeling.services.transfer.importing.votes import Annotators
from tests import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["ROOT", "Root", "\uff52oot", "r\u043e\u043et", "..", "-", "\u0430d\u0430"]
)
def test_attack_31_a_name_that_could_be_anothers_is_refused(name: str) -> None:
    make.user("root")

    with pytest.raises(InvalidInputError) as refused:
        members.create_user(name)

    assert "username" in refused.value.by_field


def test_attack_31_a_whole_name_of_another_alphabet_is_anothers_too() -> None:
    make.user("cap")

    with pytest.raises(InvalidInputError):
        members.create_user("\u0441\u0430\u0440")  # Cyrillic es, a, er


@pytest.mark.parametrize(
    "name",
    ["анна", "Ελένη", "山田太郎", "user-1", "a0", "ao", "jo.ann@example.org", "é"],
)
def test_names_of_every_alphabet_are_taken(name: str) -> None:
    user, password = members.create_user(name)

    assert user.username == name
    assert Client().login(username=name, password=password)


def test_the_database_takes_no_second_name_of_one_look() -> None:
    make.user("root")

    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(username="Root")])


def test_whoever_logs_in_need_not_mind_the_case() -> None:
    who = make.user("Ada")

    answer = Client().post("/login/", {"username": "aDA", "password": "pw"})

    assert answer.status_code == 302
    assert names.find("ADA") == who
    assert names.find("ad") is None


def test_two_names_of_an_earlier_release_go_on_as_two() -> None:
    make.user("root")
    later = User(username="ROOT", name_twin=7)
    later.set_password("other")
    later.save()

    assert Client().login(username="ROOT", password="other")
    assert Client().login(username="root", password="pw")
    assert not Client().login(username="Root", password="other")


def test_a_past_annotator_is_nobody_whose_name_only_looks_the_same() -> None:
    project = make.project()
    make.user("Ada")

    accounts = Annotators(project).named(["ada", "ADA"])
    again = Annotators(project).named(["ada", "ADA"])

    assert {user.pk for user in accounts.values()} == {
        user.pk for user in again.values()
    }
    assert len({user.pk for user in accounts.values()}) == 2
    assert (
        User.objects.filter(is_active=True, memberships__project=project).count() == 1
    )
