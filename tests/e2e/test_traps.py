"""What once gave people wrong labels, or labels that they could not reach (ux-2, 1 and 2)."""

from __future__ import annotations

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Project, User
from labeling.services.projects import label_sets
from tests import make
from tests.e2e import browser as browsing

pytestmark = browsing.MARKS

# As banking77 has them: no place to break a line but inside the name.
LONG = [
    *("balance_not_updated_after_cheque_or_cash_deposit", "atm_support"),
    *(f"wrong_exchange_rate_for_cash_withdrawal_{number:02d}" for number in range(75)),
]
# Of each label: whether it can be brought into the screen, and pressed there.
REACHED = """buttons => buttons.map(button => {
  button.scrollIntoView({block: "nearest"});
  const box = button.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const isWhole = box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  return isWhole && button.contains(document.elementFromPoint(x, y));
})"""


def test_ux_2_frictions_1_and_2_keys_say_their_label_and_a_phone_reaches_all(
    browser: Browser, live_server: LiveServer
) -> None:
    boss = make.user(manager=True)
    page = window(browser, live_server, boss)
    page.goto(f"{live_server.url}/projects/new/")
    page.fill("[name=name]", "Fingers")
    page.fill("[name=labels]", "3\n0\nmany | 9\n1")
    expect(page.locator("key-preview .chip")).to_have_text(
        ["3 3", "0 0", "9 many", "1 1"]
    )
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Import")).to_be_visible()
    project = Project.objects.get()
    make.ranked(project, make.items(project, 2))
    page.goto(f"{live_server.url}/projects/fingers/labels/")
    expect(page.locator("[name=hotkey-0]")).to_have_attribute("placeholder", "3")

    page.goto(f"{live_server.url}/projects/fingers/label/")
    expect(page.locator("[data-label='3'] kbd")).to_have_text("3")
    page.keyboard.press("3")
    expect(page.locator("#saved")).to_have_text("saved", timeout=15_000)

    assert Annotation.votes.get().labels == ["3"]

    drafts = [label_sets.LabelDraft(name) for name in ("3", *LONG)]
    label_sets.revise(project, boss, drafts, {"0": "3", "1": "3", "many": "3"})
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(page.locator("#item article")).to_be_visible()

    assert page.locator("[data-label]").evaluate_all(REACHED) == [True] * 78


def window(browser: Browser, live_server: LiveServer, who: User) -> Page:
    """Return a window of somebody who is logged in."""
    client = Client()
    client.force_login(who)
    context = browser.new_context()
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": key,
                "url": live_server.url,
            }
        ]
    )
    return context.new_page()
