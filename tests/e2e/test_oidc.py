"""A person logs in by a provider of OpenID Connect, is refused, connects, and logs out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from config.models import Identity
from labeling.models import User
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in
from tests.e2e.looks import problems

# Here, while no provider is named: the addresses of all other tests are made without one.
from tests.oidc import urls
from tests.oidc.provider import Provider, options_for, serving

pytestmark = [*browsing.MARKS, pytest.mark.urls(urls.__name__)]


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    ada = {"sub": "17", "preferred_username": "Ada", "email": "ada@example.org"}
    with serving(Provider(claims=ada)) as provider:
        settings.OIDC = options_for(provider)
        yield provider


def enter(page: Page) -> None:
    page.get_by_role("link", name="Log in with Example ID").click()


def test_the_screens_of_log_ins_by_others_are_accessible_and_fit(
    browser: Browser, live_server: LiveServer, provider: Provider
) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    page.goto(f"{live_server.url}/login/")
    wrong = problems(page, "oidc-login")
    provider.refuses = "access_denied"
    enter(page)
    expect(page.get_by_text("You said no.")).to_be_visible()
    wrong += problems(page, "oidc-refused")
    provider.refuses = ""
    page.goto(f"{live_server.url}/login/")
    enter(page)
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    wrong += problems(page, "oidc-logged-out")
    context.clear_cookies()
    boss = make.user("boss")
    boss.set_password("pw")
    boss.save()
    said += log_in(page, live_server.url, "boss")
    page.goto(f"{live_server.url}/account/")
    form = page.locator("form[action='/account/connect/']")
    form.locator("[name=before]").fill("pw")
    form.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Connect the account")).to_be_visible()
    wrong += problems(page, "oidc-connect")

    assert wrong == []
    assert not [text for text in said if "Content Security Policy" in text]


def test_a_person_comes_in_where_they_wanted_and_goes_out_on_both_sides(
    page: Page, live_server: LiveServer, provider: Provider
) -> None:
    page.goto(f"{live_server.url}/account/")
    enter(page)

    page.wait_for_url(f"{live_server.url}/account/")
    expect(page.get_by_role("heading", name="Ada")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log out at Example ID, too").click()
    page.wait_for_url(f"{live_server.url}/login/")
    assert [token.count(".") for token in provider.ended] == [2]
    page.goto(f"{live_server.url}/account/")
    page.wait_for_url("**/login/?next=/account/")


def test_who_is_refused_reads_why_and_is_not_in(
    page: Page, live_server: LiveServer, provider: Provider
) -> None:
    provider.forged = {"aud": "another site"}
    page.goto(f"{live_server.url}/login/")
    enter(page)

    expect(page.locator("main")).to_contain_text("Example ID")
    page.goto(f"{live_server.url}/")
    page.wait_for_url("**/login/**")
    assert not User.objects.exists()


def test_who_has_a_password_connects_the_account_and_comes_in_without_it(
    page: Page, live_server: LiveServer, provider: Provider
) -> None:
    boss = make.user("boss")
    boss.set_password("pw")
    boss.save()
    log_in(page, live_server.url, "boss")
    page.goto(f"{live_server.url}/account/")
    form = page.locator("form[action='/account/connect/']")
    form.locator("[name=before]").fill("pw")
    form.get_by_role("button").click()
    page.get_by_role("link", name="Go on to Example ID").click()
    expect(page.get_by_text("Connected: you can log in that way, too.")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/login/")
    enter(page)

    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    assert Identity.objects.get().user == boss
    assert [*User.objects.all()] == [boss]
