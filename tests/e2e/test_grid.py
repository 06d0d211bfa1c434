"""A page of like items: the exceptions corrected, the rest accepted, all kept once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Assignment, Item, Project
from labeling.services.queue import order
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import person

pytestmark = browsing.MARKS


def prepare(
    count: int, suggested: Sequence[str] = (), **fields: Any
) -> tuple[Project, list[str]]:
    """Return a project and its free texts, of which the model says the same.

    It takes all for cats; where items may have several labels, for ``suggested``.
    """
    values: dict[str, Any] = {"labels": ("cat", "dog"), **fields}
    project = make.project(suggestion_mode="assist", **values)
    told: dict[str, Any] = {"label": "cat", "confidence": 0.9, "model": 1}
    if suggested:
        told |= {"label": suggested[0], "labels": dict.fromkeys(suggested, 0.9)}
    items = [make.item(project, data={"text": f"item {n:03d}"}) for n in range(count)]
    entries = [
        order.Entry(item.pk, 0, is_first=True, rank=n, reason="model", suggestion=told)
        for n, item in enumerate(items)
    ]
    order.swap(project.pk, entries)
    make.member(project, who=make.user("gina"))
    return project, [item.data["text"] for item in items]


def opened(page: Page, server: LiveServer, project: Project) -> Any:
    page.goto(f"{server.url}/projects/{project.slug}/grid/")
    cells = page.locator(".cell")
    expect(cells).to_have_count(24)
    page.wait_for_timeout(450)
    return cells


def test_a_page_is_corrected_accepted_and_taken_back_by_keyboard(
    live_server: LiveServer, browser: Browser
) -> None:
    project, _ = prepare(80)
    with person(browser, live_server.url, "gina") as page:
        cells = opened(page, live_server, project)
        texts = cells.locator("p").all_inner_texts()
        expect(page.locator("#thought")).to_have_text("all thought to be cat")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("2")
        page.keyboard.press("x")
        expect(page.locator("#sum")).to_have_text("22 as cat")
        expect(page.locator("#changes")).to_have_text(
            "1 corrected · 1 left for one by one"
        )
        page.keyboard.press("z")
        expect(page.locator("#sum")).to_have_text("23 as cat")
        page.keyboard.press("x")
        page.keyboard.press("Enter")
        expect(cells.first.locator("p")).not_to_have_text(texts[0])
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)

        votes = {
            annotation.item.data["text"]: annotation.labels
            for annotation in Annotation.votes.select_related("item")
        }
        assert votes == {
            text: ["dog" if n == 1 else "cat"] for n, text in enumerate(texts) if n != 2
        }
        assert set(Annotation.votes.values_list("screen", flat=True)) == {"grid"}

        page.keyboard.press("z")
        expect(cells.first.locator("p")).to_have_text(texts[0])
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)
        assert not Annotation.votes.filter(undone_at=None).exists()
        page.wait_for_timeout(450)
        page.keyboard.press("Enter")
        expect(cells.first.locator("p")).not_to_have_text(texts[0])
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)
        standing = Annotation.votes.filter(undone_at=None)
        assert Counter(vote.labels[0] for vote in standing) == {"cat": 22, "dog": 1}

        left = texts[2]
        page.goto(f"{live_server.url}/projects/{project.slug}/label/")
        expect(page.locator("#item article")).to_have_text(left)


def test_c11_a_page_of_several_labels_is_corrected_and_accepted(
    live_server: LiveServer, browser: Browser
) -> None:
    project, _ = prepare(
        40, ("even", "prime"), labels=("even", "prime", "high"), task_type="multi"
    )
    make.suggestible(project, list(Item.objects.all()))
    with person(browser, live_server.url, "gina") as page:
        cells = opened(page, live_server, project)
        texts = cells.locator("p").all_inner_texts()
        expect(page.locator("#thought")).to_have_text("all thought to be even, prime")
        # Of several labels, keys add and take away; the place stays.
        page.keyboard.press("2")
        page.keyboard.press("3")
        expect(cells.first).to_have_attribute(
            "aria-label", "1: even, prime → even, high"
        )
        page.keyboard.press("ArrowRight")
        page.keyboard.press("1")
        page.keyboard.press("2")
        expect(cells.nth(1)).to_have_attribute(
            "aria-label", "2: even, prime → none of the labels"
        )
        expect(page.locator("#changes")).to_have_text("2 corrected")
        page.keyboard.press("Enter")
        expect(cells.first.locator("p")).not_to_have_text(texts[0])
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)
        votes = {
            vote.item.data["text"]: vote.labels
            for vote in Annotation.votes.select_related("item")
        }
        changed = {0: ["even", "high"], 1: []}
        assert votes == {
            text: changed.get(n, ["even", "prime"]) for n, text in enumerate(texts)
        }

        page.goto(f"{live_server.url}/projects/{project.slug}/label/")
        article = page.locator("#item article")
        page.locator("#item small").wait_for()
        shown = article.inner_text()
        page.wait_for_timeout(browsing.PACE)
        page.keyboard.press("v")
        expect(page.locator(".pick .chosen")).to_have_count(2)
        page.keyboard.press("3")
        page.keyboard.press("Enter")
        expect(article).not_to_have_text(shown)
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)
    last = Annotation.votes.select_related("item").latest("pk")
    assert (last.item.data["text"], last.labels) == (shown, ["even", "high", "prime"])


def test_by_pointer_and_a_page_that_nobody_has_seen_is_not_accepted(
    live_server: LiveServer, browser: Browser
) -> None:
    project, _ = prepare(80)
    with person(browser, live_server.url, "gina") as page:
        cells = opened(page, live_server, project)
        cells.nth(3).click()
        page.locator("#foot [data-label=dog]").click()
        cells.nth(7).click()
        cells.nth(7).click()
        expect(cells.nth(3)).to_have_attribute("aria-label", "4: cat → dog")
        expect(cells.nth(7)).to_have_attribute("aria-label", "8: not cat")
        page.locator("[data-do=accept]").dblclick()
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)
        assert Annotation.votes.count() == 23


def test_what_is_offline_is_sent_later_and_what_is_not_answered_goes_back(
    live_server: LiveServer, browser: Browser
) -> None:
    project, _ = prepare(80)
    with person(browser, live_server.url, "gina") as page:
        cells = opened(page, live_server, project)
        first = cells.first.locator("p").inner_text()
        page.wait_for_timeout(2500)
        page.context.set_offline(True)
        page.keyboard.press("Enter")
        expect(cells.first.locator("p")).not_to_have_text(first)
        expect(page.locator("#saved")).to_contain_text("24 unsent")
        assert not Annotation.votes.exists()
        # What is lent in the moment of leaving would be held until it expires.
        with page.expect_response(re.compile("/queue/grid/")) as lent:
            page.context.set_offline(False)
            expect(page.locator("#saved")).to_have_text("saved", timeout=15_000)
        lent.value.finished()
        assert Annotation.votes.count() == 24
        page.goto(f"{live_server.url}/projects/{project.slug}/my-work/")
        expect(page.get_by_role("heading", name="My work")).to_be_visible()
        held = Assignment.objects.filter(state="leased")
        for _ in range(50):
            if not held.exists():
                break
            page.wait_for_timeout(100)
        assert not held.exists()


def test_a_project_that_does_not_show_suggestions_says_so(
    live_server: LiveServer, browser: Browser
) -> None:
    project = make.project()
    make.member(project, who=make.user("gina"))
    with person(browser, live_server.url, "gina") as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/grid/")
        expect(page.locator("#grid")).to_contain_text("hides suggestions")
        page.get_by_role("link", name="One by one").last.click()
        expect(
            page.get_by_role("heading", name="There are no items yet")
        ).to_be_visible()


def test_yes_or_no_where_the_model_suggests_a_label(
    live_server: LiveServer, browser: Browser
) -> None:
    project, _ = prepare(12)
    Item.objects.filter(data__text="item 001").update(votes_wanted=2)
    with person(browser, live_server.url, "gina") as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/label/")
        text = page.locator("#item article")
        question, labels = page.locator("#question"), page.locator(".pick .keys")
        expect(text).to_be_visible()
        expect(question).to_be_hidden()
        place = page.locator(".aux").bounding_box()
        page.keyboard.press("?")
        page.locator("#binary-on").check()
        page.get_by_role("button", name="Keep").click()

        told: dict[str, list[str]] = {}
        for number in range(6):
            shown = text.inner_text()
            if question.is_hidden():
                keys, answer = ["1"], "cat"
                expect(labels).to_be_visible()
            elif number % 3 == 0:
                expect(question).to_contain_text("Is this cat?")
                keys, answer = ["y"], "cat"
            elif number % 3 == 1:
                keys, answer = ["x", "2"], "dog"
            else:
                keys, answer = ["2"], "dog"
            for key in keys:
                page.wait_for_timeout(browsing.PACE)
                page.keyboard.press(key)
            expect(text).not_to_have_text(shown)
            assert page.locator(".aux").bounding_box() == place
            told[shown] = [answer]
        expect(page.locator("#saved")).to_have_text("saved", timeout=10_000)

    kept = Annotation.votes.select_related("item")
    assert {vote.item.data["text"]: vote.labels for vote in kept} == told
    for vote in kept:
        assert (vote.screen == "binary") == (vote.suggestion_shown is not None)
    assert {"binary"} <= set(kept.values_list("screen", flat=True))
