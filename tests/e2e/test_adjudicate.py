"""Experts at the keyboard: one key per step, nothing decided by accident."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Disagreement, Project, Resolution
from labeling.services.experts import precedents
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import person
from tests.e2e.looks import problems
from tests.labeling.experts.test_adjudicate import dispute, text
from tests.labeling.experts.test_doubts import flag, low, say

pytestmark = browsing.MARKS


def press(page: Page, key: str) -> None:
    """Press a key that leads to the next page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def outcome(of: Disagreement) -> tuple[str, list[str]]:
    of.refresh_from_db()
    return of.outcome, of.resolution.labels if of.resolution else []


def test_every_decision_has_its_key(browser: Browser, live_server: LiveServer) -> None:
    project = make.project(labels=("cat", "dog"), overlap=3)
    votes = (("cat",), ("dog",), ("dog",))
    rows = [dispute(project, *votes, **text(f"beast {n}")) for n in range(4)]
    expert = make.member(project, "expert").user.username

    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        expect(page.locator("aside")).not_to_contain_text("A1")
        press(page, "1")
        expect(page.locator("aside")).to_contain_text("Your own first answer: cat.")
        page.keyboard.press("n")
        page.keyboard.type("1 is not a key here")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        press(page, "a")
        assert outcome(rows[0]) == ("resolved", ["dog"])
        assert rows[0].note.startswith("1 is not a key here")
        assert precedents.shown(project).count() == 1
        press(page, "z")
        assert outcome(rows[0]) == ("", [])
        press(page, "t")
        assert outcome(rows[0]) == ("ambiguous", ["dog"])
        press(page, "i")
        press(page, "i")
        assert outcome(rows[1]) == ("invalid", [])
        press(page, "d")
        expect(page.locator(".item-full")).to_have_text("beast 3")
        press(page, "2")
        press(page, "2")
        expect(page.locator(".item-full")).to_have_text("beast 2")


def test_keys_pressed_twice_in_a_row_do_not_decide_unseen(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), overlap=2)
    disagreement = dispute(project, ("cat",), ("dog",))
    expert = make.member(project, "expert").user.username

    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        with page.expect_navigation():
            page.evaluate(
                """() => {for (const _ of [1, 2, 3]) document.dispatchEvent(
                new KeyboardEvent("keydown", {key: "1", code: "Digit1"}))}"""
            )
        page.evaluate(
            "() => document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " {key: '2', code: 'Digit2', repeat: true, bubbles: true}))"
        )
        expect(page.locator("aside")).to_contain_text("Press the final label")

    assert outcome(disagreement) == ("", [])


def test_several_labels_are_ticked_and_sent_by_enter(
    browser: Browser, live_server: LiveServer
) -> None:
    labels = [f"kind {n:02d}" for n in range(14)]
    project = make.project(labels=labels, task_type="multi", overlap=2)
    disagreement = dispute(project, (labels[0], labels[1]), (labels[1], labels[2]))
    expert = make.member(project, "expert").user.username

    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        for key in ("1", "1", "2", "4"):
            page.keyboard.press(key)
        press(page, "Enter")
        expect(page.locator(":checked")).to_have_count(2)
        page.get_by_label("kind 03").click()
        press(page, "Enter")

    assert disagreement.blind_labels.get().labels == ["kind 00", "kind 13"]
    assert outcome(disagreement) == ("resolved", ["kind 00", "kind 03", "kind 13"])


def test_others_like_it_are_reached_by_tab_and_settled_together(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), overlap=2)
    rows = [
        dispute(project, ("cat",), ("dog",), **text(f"a furry beast {n}"))
        for n in range(3)
    ]
    expert = make.member(project, "expert").user.username

    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        press(page, "1")
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement.name") == "also":
                break
        page.keyboard.press("Space")
        # Enter in a tick box must not press the form's first button.
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
        assert not Resolution.objects.exists()
        press(page, "2")
        expect(page.locator("main")).to_contain_text("1 other was settled together")

    done = Disagreement.objects.filter(resolved_by__username=expert)
    assert set(done) == {rows[0], rows[1]}


def test_a_doubted_label_is_taken_up_and_decided_by_keyboard(
    browser: Browser, live_server: LiveServer
) -> None:
    item = low(data={"text": "of two minds"})
    project = item.project
    expert = make.member(project, "expert").user.username

    with person(browser, live_server.url, expert) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")
        page.get_by_role("link", name="Low confidence 1").focus()
        press(page, "Enter")
        page.get_by_role("button", name=f"Decide {item.external_id}").focus()
        press(page, "Enter")
        expect(page.locator("aside")).not_to_contain_text("A1")
        press(page, "y")
        expect(page.locator("aside")).to_contain_text("Its label now: x")
        press(page, "y")
        press(page, "b")
        expect(page.locator("main")).to_contain_text("Nothing here")

    assert Resolution.objects.get(item=item, superseded_at=None).labels == ["y"]


def test_a_question_goes_to_who_voted_and_its_answer_comes_back(
    browser: Browser, live_server: LiveServer
) -> None:
    disagreement = dispute(
        make.project(overlap=2), **text("The second transfer is pending")
    )
    url = f"{live_server.url}/projects/{disagreement.project.slug}"
    expert = make.member(disagreement.project, "expert").user

    def shown_well(page: Page, name: str) -> None:
        assert problems(page, f"ask-{name}", full_page=True) == []

    context = browser.new_context()
    page = context.new_page()
    browsing.log_in(page, live_server.url, expert.username)
    page.goto(f"{url}/disagreements/")
    press(page, "x")
    page.keyboard.press("s")
    page.keyboard.type("Which of the two transfers did you mean?")
    shown_well(page, "question")
    page.keyboard.press("Tab")
    press(page, "Enter")
    expect(page.locator("main")).to_contain_text("2 people were asked.")
    voter = disagreement.inquiries.latest("pk").annotator.username
    with person(browser, live_server.url, voter) as theirs:
        mark = theirs.get_by_role("link", name="My work (1 question waits for you)")
        for where in ("guideline", "label"):
            theirs.goto(f"{url}/{where}/")
            expect(mark).to_be_visible()
            shown_well(theirs, where)
        mark.click()
        theirs.get_by_label("What do you say?").fill("The second.\nSurely.")
        shown_well(theirs, "my-work")
        theirs.keyboard.press("Tab")
        press(theirs, "Enter")
        expect(theirs.locator("main")).to_contain_text("Your answer is sent.")
        expect(mark).to_have_count(0)
    page.goto(f"{url}/disagreements/")
    expect(page.locator("main")).to_contain_text("A2")
    expect(page.locator("main")).to_contain_text("Surely.")
    shown_well(page, "answer")
    context.close()


def test_the_lists_are_accessible_and_fit(page: Page, live_server: LiveServer) -> None:
    item = low(data={"text": "The app took my money, and then a second time. " * 4})
    project = item.project
    say([item], "y")
    flag(make.item(project, data={"text": "A text that is"}), "It ends in the middle")
    expert = make.member(project, "expert").user
    browsing.log_in(page, live_server.url, expert.username)
    start = f"{live_server.url}/projects/{project.slug}/disagreements/"

    for which in ("low-confidence", "flagged", "suspects", "taken-up"):
        if which == "taken-up":
            page.get_by_role("button", name=f"Decide {item.external_id}").focus()
            press(page, "Enter")
            press(page, "y")
        else:
            page.goto(f"{start}{which}/")
        assert problems(page, f"doubts-{which}", full_page=True) == []


def prepare() -> Project:
    labels = ("Duplicate charge", "Pending payment", "Refund request", "Something else")
    project = make.project(labels=labels, overlap=3)
    votes = tuple((name,) for name in labels[:3])
    words = (
        "The app took my money but the transfer is still in progress after two days.",
        "The app took my money a second time, one transfer is still in progress",
        "My transfer is still in progress and I see the amount a second time",
    )
    for said in words:
        dispute(project, *votes, **text(said))
    return project


def test_each_step_and_its_example_are_accessible_and_fit(
    page: Page, live_server: LiveServer
) -> None:
    project = prepare()
    expert = make.member(project, "expert").user
    browsing.log_in(page, live_server.url, expert.username)
    page.goto(f"{live_server.url}/projects/{project.slug}/disagreements/")

    def look(name: str) -> None:
        assert problems(page, f"adjudicate-{name}", full_page=True) == []

    look("blind")
    press(page, "1")
    look("votes")
    page.keyboard.press("n")
    page.keyboard.type("Both amounts left the account")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    press(page, "1")
    page.get_by_text("1 other is like it").click()
    look("decided")
    for name in ("guideline", "label"):
        page.goto(f"{live_server.url}/projects/{project.slug}/{name}/")
        expect(page.get_by_text("Both amounts left the account")).to_be_visible()
        look(name)
