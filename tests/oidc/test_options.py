"""What a site says of its provider, by its environment."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config.oidc import options
from config.oidc.groups import Grant, Rights, grants_of, groups_in, rights_of

USUAL = {"OIDC_ISSUER": "https://id.example/realm", "OIDC_CLIENT_ID": "assay"}


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> options.Options | None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return options.read()


def test_without_an_issuer_there_is_no_such_log_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read(monkeypatch, OIDC_CLIENT_ID="assay") is None


@pytest.mark.django_db
def test_without_an_issuer_no_page_has_it() -> None:
    assert Client().get("/login/oidc/").status_code == 404
    assert b"oidc" not in Client().get("/login/").content


def test_what_is_left_out_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    known = read(monkeypatch, **USUAL)

    assert known is not None
    assert (known.name, known.name_claim) == ("id.example", "preferred_username")
    assert "secret" not in repr(known)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"OIDC_ISSUER": "http://id.example"}, "OIDC_ISSUER"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"OIDC_GROUPS": "leads"}, "OIDC_GROUPS"),
        ({"OIDC_GROUPS": "leads=owner@mail"}, "owner@mail"),
        ({"OIDC_GROUPS": "=creator"}, "OIDC_GROUPS"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        read(monkeypatch, **{**USUAL, **changes})


def test_a_group_may_have_any_name_and_several_rights() -> None:
    grants = grants_of(["/org/a=b=expert@mail", "/org/a=b=staff"])

    assert grants == [Grant("/org/a=b", "expert@mail"), Grant("/org/a=b", "staff")]
    assert rights_of(["/org/a=b", "x"], grants) == Rights(
        {"mail": "expert"}, frozenset({"staff"})
    )


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "b", 7]}, "groups", ["a", "b"]),
        ({"groups": "a"}, "groups", ["a"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
        ({"https://x.example/groups": ["a"]}, "https://x.example/groups", ["a"]),
        ({"groups": {"a": 1}}, "groups", []),
        ({}, "a.b", []),
    ],
)
def test_groups_are_read_where_the_provider_puts_them(
    claims: dict[str, Any], path: str, groups: list[str]
) -> None:
    assert groups_in(claims, path) == groups
