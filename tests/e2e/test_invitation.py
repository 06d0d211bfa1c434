"""An invitation's link in a real browser: the code leaves the address at once."""

from __future__ import annotations

from playwright.sync_api import Browser, Request, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Membership
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import person
from tests.e2e.looks import serious

pytestmark = browsing.MARKS


def test_a_link_is_made_opened_and_followed_without_telling_its_code(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project()
    manager = make.manager_of(project).user.username
    with person(browser, live_server.url, manager) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/members/")
        form = page.locator("form", has=page.locator("[name=days]"))
        form.locator("[name=role]").select_option("expert")
        form.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("The link", exact=True).input_value()
        assert serious(page) == []
    code = link.partition("#")[2]
    told: list[str] = []

    def note(request: Request) -> None:
        told.append(f"{request.url} {request.headers.get('referer', '')}")

    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.on("request", note)
    page.goto(link)
    expect(page.get_by_role("heading", name=project.name)).to_be_visible()
    assert page.url == f"{live_server.url}/join/"
    assert serious(page) == []
    page.fill("[name=username]", "nora")
    page.fill("[name=password]", "a long one 73")
    page.fill("[name=again]", "a long one 73")
    page.get_by_role("button", name="Create it and join").click()
    expect(page).to_have_url(f"{live_server.url}/projects/{project.slug}/")
    page.go_back()
    assert code not in page.url

    assert len(code) == 43
    assert not [line for line in told if code in line]
    assert Membership.objects.get(user__username="nora").role == "expert"
    context.close()
