"""Accounts and sessions of an earlier release come along."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from labeling.models import BrowserSession, User
from tests import make
from tests.test_pages import browser

pytestmark = pytest.mark.django_db
MIGRATION = import_module("labeling.migrations.0041_accounts")


def test_attack_31_two_names_of_one_look_stay_two_accounts() -> None:
    first = make.user("root")
    second = User(username="ROOT", name_twin=7)
    second.set_password("other")
    second.save()
    User.objects.update(name_key="")

    MIGRATION.name_keys(apps, None)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.name_key, first.name_twin) == ("root", 0)
    assert (second.name_key, second.name_twin) == ("root", second.pk)


def test_who_was_logged_in_stays_so_and_what_had_ended_stays_ended() -> None:
    who = make.user()
    data = browser(who).session.load()
    BrowserSession.objects.all().delete()
    store = SessionStore()
    for key, ends in (("the-living-session", 1), ("the-ended-session", -1)):
        Session.objects.create(
            session_key=key,
            session_data=store.encode(data),
            expire_date=timezone.now() + timedelta(ends),
        )
    Session.objects.create(
        session_key="forged", session_data="x:y:z", expire_date="2999-01-01T00:00Z"
    )

    MIGRATION.sessions(apps, None)

    session = BrowserSession.objects.get()
    assert (session.session_key, session.account) == ("the-living-session", who)
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "the-living-session"
    assert client.get("/account/").status_code == 200
