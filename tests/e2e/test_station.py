"""The station under bad conditions: every answer is in the database exactly once."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections import Counter
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    BrowserSession,
    Item,
    Job,
    Project,
)
from labeling.services.projects import label_sets, policy
from labeling.services.queue import order
from labeling.services.transfer import importing
from labeling.services.work import jobs
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, SHOWN, label_by_keyboard, log_in

pytestmark = browsing.MARKS

# Remembers each text the station paints, and every frame without one.
WATCH = """() => {
  window.painted = [];
  const item = document.querySelector("#item");
  const note = () => {
    window.painted.push(item.querySelector("article")?.textContent ?? "blank");
  };
  new MutationObserver(note).observe(item, {childList: true});
}"""


def cut(route: Route) -> None:
    route.abort()


def prepare(count: int) -> Project:
    project = make.project(labels=("cat", "dog"))
    items = [make.item(project, data={"text": f"item {n:03d}"}) for n in range(count)]
    make.ranked(project, items)
    return project


def open_station(
    context: BrowserContext, server: LiveServer, project: Project, name: str
) -> Page:
    page = context.new_page()
    log_in(page, server.url, name)
    page.goto(f"{server.url}/projects/{project.slug}/label/")
    expect(page.locator(f"{READY} article")).to_be_visible()
    return page


def is_saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("saved", timeout=30_000)


def texts_voted() -> Counter[str]:
    votes = Annotation.votes.filter(undone_at=None)
    return Counter(votes.values_list("item__data__text", flat=True))


def once_each(count: int) -> Counter[str]:
    return Counter(f"item {n:03d}" for n in range(count))


def test_a_robot_that_presses_every_60_ms_loses_no_key(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(320)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    page.evaluate(WATCH)

    for number in range(300):
        due = time.monotonic() + 0.06
        page.keyboard.press("12"[number % 2])
        time.sleep(max(0.0, due - time.monotonic()))

    expect(page.locator("#item article")).to_have_text("item 300")
    is_saved(page)
    assert page.evaluate("() => window.painted") == [
        f"item {n:03d}" for n in range(1, 301)
    ]
    votes = Annotation.votes.order_by("item_id").values_list("labels", flat=True)
    assert list(votes) == [["cat"], ["dog"]] * 150
    assert texts_voted() == once_each(300)


def test_the_first_items_are_asked_for_before_all_modules_have_come(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(60)
    page = browser.new_page()
    log_in(page, live_server.url, make.member(project).user.username)
    station = f"{live_server.url}/projects/{project.slug}/label/"
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))

    missing = re.compile(r"/annotate/page\.")
    page.route(missing, cut)
    with page.expect_response("**/queue/lease/"):
        page.goto(station)
    assert Assignment.objects.count() == 30
    page.unroute(missing)
    calls.clear()
    page.goto(station)

    expect(page.locator("#ready")).to_contain_text("30 ready")
    assert sum("queue/lease/" in url for url in calls) == 1
    assert Assignment.objects.count() == 30


def not_yet_listening(browser: Browser, server: LiveServer) -> tuple[Page, list[Route]]:
    """Open a station whose first item is there; its script waits for the routes."""
    project = prepare(60)
    page = browser.new_page()
    log_in(page, server.url, make.member(project).user.username)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/annotate/page\."), hold)
    page.goto(f"{server.url}/projects/{project.slug}/label/", wait_until="commit")
    expect(page.locator("#item[aria-busy] article")).to_have_text("item 000")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some("
        "(one) => one.name.includes('queue/lease/'))"
    )
    return page, held


def test_the_first_item_comes_with_the_page_and_takes_the_first_keys(
    browser: Browser, live_server: LiveServer
) -> None:
    page, held = not_yet_listening(browser, live_server)

    page.keyboard.press("2")
    page.keyboard.press("s")
    page.keyboard.type("121")
    assert not Annotation.votes.exists()
    for assignment in held:
        assignment.continue_()

    expect(page.locator("#item article")).to_have_text("item 001")
    expect(page.locator("#search input")).to_be_focused()
    is_saved(page)
    vote = Annotation.votes.get()
    assert (vote.item.data["text"], vote.labels) == ("item 000", ["dog"])


def test_the_first_click_counts_before_the_station_listens(
    browser: Browser, live_server: LiveServer
) -> None:
    page, held = not_yet_listening(browser, live_server)

    page.locator("[data-label=dog]").click()
    page.keyboard.press("s")
    for assignment in held:
        assignment.continue_()

    expect(page.locator("#search input")).to_be_focused()
    is_saved(page)
    vote = Annotation.votes.get()
    assert (vote.item.data["text"], vote.labels) == ("item 000", ["dog"])


def test_leases_are_renewed_while_somebody_is_at_work(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(60)
    Project.objects.update(lease_minutes=10)
    page = browser.new_page()
    page.clock.install()
    log_in(page, live_server.url, make.member(project).user.username)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    expect(page.locator("#ready")).to_contain_text("30 ready")
    Assignment.objects.update(expires_at=timezone.now() + timedelta(minutes=1))

    page.clock.run_for("04:50")
    page.keyboard.press("Shift")
    page.clock.run_for(5000)
    assert not renewed().exists()
    page.clock.run_for(10_000)

    for _ in range(50):
        if renewed().count() == 30:
            break
        page.wait_for_timeout(100)
    assert renewed().count() == Assignment.objects.count() == 30


def renewed() -> QuerySet[Assignment]:
    late = timezone.now() + timedelta(minutes=5)
    return Assignment.objects.filter(expires_at__gt=late)


def test_a_page_that_is_loaded_anew_goes_on(
    browser: Browser, live_server: LiveServer
) -> None:
    """What the page before gives back as it goes may be what this one came with."""
    project = prepare(60)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    seen = []

    for _ in range(4):
        page.reload()
        expect(page.locator("#ready")).to_contain_text("30 ready")
        seen.append(page.evaluate(SHOWN))
        page.keyboard.press("1")
        is_saved(page)

    assert texts_voted() == Counter(seen)
    assert set(texts_voted().values()) == {1}


def test_thirty_answers_offline_arrive_when_the_server_is_back(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(60)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    expect(page.locator("#ready")).to_contain_text("30 ready")

    page.route("**/api/**", cut)
    done = label_by_keyboard_offline(page, 20)
    expect(page.locator("#saved")).to_contain_text("unsent – offline", timeout=10_000)
    page.unroute("**/api/**")
    is_saved(page)
    done += label_by_keyboard(page, lambda _: "1", 10)

    assert done == 30
    assert texts_voted() == once_each(30)


def label_by_keyboard_offline(page: Page, most: int) -> int:
    for done in range(most):
        if page.evaluate(SHOWN) is None:
            return done
        page.keyboard.press("1")
        page.wait_for_timeout(40)
    return most


def test_an_answer_whose_receipt_was_lost_counts_once(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    def deliver_but_lose_the_receipt(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/annotations/", deliver_but_lose_the_receipt, times=1)
    for _ in range(5):
        page.keyboard.press("1")
        page.wait_for_timeout(40)
    page.keyboard.press("z")
    page.wait_for_timeout(40)
    page.keyboard.press("2")
    is_saved(page)

    assert texts_voted() == once_each(5)
    last = Annotation.votes.get(item__data__text="item 004", undone_at=None)
    assert last.labels == ["dog"]


def test_a_tab_closed_with_unsent_answers_sends_them_when_opened_again(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    context = browser.new_context()
    page = open_station(context, live_server, project, who)
    context.route("**/annotations/", cut)
    for _ in range(4):
        page.keyboard.press("2")
        page.wait_for_timeout(40)
    expect(page.locator("#saved")).to_contain_text("4 unsent")
    page.close()
    assert not Annotation.votes.exists()

    context.unroute("**/annotations/")
    again = context.new_page()
    again.goto(f"{live_server.url}/projects/{project.slug}/label/")
    is_saved(again)

    expect(again.locator("#item article")).to_have_text("item 004")
    assert texts_voted() == once_each(4)


def test_two_tabs_of_one_person_answer_every_item_once(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(30)
    who = make.member(project).user.username
    context = browser.new_context()
    first = open_station(context, live_server, project, who)
    second = context.new_page()
    second.goto(f"{live_server.url}/projects/{project.slug}/label/")
    expect(second.locator(f"{READY} article")).to_be_visible()

    for _ in range(10):
        for page in (first, second):
            page.keyboard.press("1")
            page.wait_for_timeout(60)
    is_saved(first)
    is_saved(second)

    assert texts_voted() == once_each(20)


def test_a_lost_session_is_renewed_in_place_and_nothing_is_lost(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    # Three answers wait before the first of them can find out.
    page.context.set_offline(True)
    for number in range(3):
        page.keyboard.press("1")
        expect(page.locator("#item article")).to_have_text(f"item {number + 1:03}")
        page.wait_for_timeout(browsing.PACE)
    BrowserSession.objects.all().delete()
    page.context.set_offline(False)
    expect(page.get_by_role("dialog")).to_contain_text("logged out", timeout=10_000)
    page.fill("#login [type=password]", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#login-error")).to_have_text("That did not work. Try again.")
    page.fill("#login [type=password]", "pw")
    page.keyboard.press("Enter")
    is_saved(page)

    assert texts_voted() == once_each(3)


def test_skip_flag_comment_unsure_and_history_by_keyboard(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    page.keyboard.press("Space")
    page.keyboard.press("2")
    expect(page.locator("#item article")).to_have_text("item 001")
    page.keyboard.press("f")
    page.keyboard.type("cut off")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("c")
    page.keyboard.type("why 1 and 2?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("u")
    page.keyboard.press("1")
    expect(page.locator("#item article")).to_have_text("item 002")
    is_saved(page)
    page.locator("#trail button").first.click()
    expect(page.locator("#item article")).to_have_text("item 001")
    page.keyboard.press("2")
    expect(page.locator("#item article")).to_have_text("item 002")
    is_saved(page)

    events = AnnotationEvent.objects.order_by("pk").values_list("kind", "payload")
    kinds = [kind for kind, _ in events if kind != "released"]
    assert kinds == ["skipped", "flagged", "voted", "edited"]
    assert events[0][1] == {"reason": "no label fits"}
    vote = Annotation.votes.get()
    assert (vote.labels, vote.comment, vote.is_unsure, vote.version) == (
        ["dog"],
        "why 1 and 2?",
        True,
        2,
    )


def test_keys_can_be_changed_and_switched_off(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    page.keyboard.press("?")
    page.fill("#help input[data-key=undo]", "b")
    page.get_by_role("button", name="Keep").last.click()
    page.keyboard.press("1")
    expect(page.locator("#item article")).to_have_text("item 001")
    page.keyboard.press("b")
    expect(page.locator("#item article")).to_have_text("item 000")
    page.keyboard.press("?")
    page.uncheck("#keys-on")
    page.get_by_role("button", name="Keep").last.click()
    page.keyboard.press("1")

    expect(page.locator("#item article")).to_have_text("item 000")


@pytest.mark.parametrize("count", [77])
def test_many_labels_are_reached_by_two_digits_or_by_name(
    browser: Browser, live_server: LiveServer, count: int
) -> None:
    project = make.project(labels=[f"intent {n:02d}" for n in range(count)])
    make.ranked(project, make.items(project, 5))
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    page.keyboard.press("2")
    page.keyboard.press("3")
    page.wait_for_timeout(60)
    page.keyboard.press("/")
    page.keyboard.type("intent 76")
    page.keyboard.press("Enter")
    is_saved(page)

    votes = Annotation.votes.order_by("pk").values_list("labels", flat=True)
    assert list(votes) == [["intent 12"], ["intent 76"]]


def test_several_labels_are_toggled_and_sent_together(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("red", "green", "blue"), task_type="multi")
    make.ranked(project, make.items(project, 3))
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    for key in ("1", "3", "1", "2", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(40)
    page.keyboard.press("Enter")
    is_saved(page)

    votes = Annotation.votes.order_by("pk").values_list("labels", flat=True)
    assert list(votes) == [["blue", "green"], []]


def test_where_the_model_says_otherwise_the_trail_tells_it_afterwards(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), suggestion_mode="reveal_after")
    rows = make.items(project, 12)
    told = {"label": "dog", "confidence": 0.9, "model": 1}
    order.swap(
        project.pk,
        [
            order.Entry(row.pk, 0, True, float(place), "model", suggestion=told)
            for place, row in enumerate(rows)
        ],
    )
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    expect(page.locator("#item")).not_to_contain_text("dog")

    for key in "1212":
        page.keyboard.press(key)
        page.wait_for_timeout(40)
    is_saved(page)
    page.keyboard.press("z")

    said = page.locator("#trail button").all_inner_texts()
    assert set(said) <= {"cat", "dog", "cat ≠ dog"}
    assert "cat ≠ dog" in said


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_hostile_text_in_every_field_stays_text(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=(HOSTILE, "dog"), data_type="table")
    row = {HOSTILE: HOSTILE, "nested": {"a": HOSTILE}, "n": 7}
    make.ranked(project, [make.item(project, data=row) for _ in range(9)])
    who = make.member(project).user.username
    page = browser.new_context().new_page()
    said = log_in(page, live_server.url, who)
    page.on("dialog", lambda dialog: said.append(f"ran: {dialog.message}"))
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    # Columns stand in the order of the row.
    expect(page.locator("#item th").first).to_have_text(HOSTILE)

    for key in ("1", "ArrowLeft", "Escape", "c"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    page.keyboard.type(HOSTILE)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(60)
    page.keyboard.press("2")
    is_saved(page)

    expect(page.locator("#trail button").last).to_have_text(HOSTILE)
    assert page.locator("img, #item script").count() == 0
    assert Annotation.votes.get(labels=["dog"]).comment == HOSTILE
    assert [text for text in said if "ran:" in text or "Security Policy" in text] == []


def test_sixty_answers_are_undone_one_after_the_other(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(70)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    assert label_by_keyboard(page, lambda _: "1", 60) == 60

    for number in reversed(range(60)):
        page.keyboard.press("z")
        expect(page.locator("#item article")).to_have_text(f"item {number:03d}")
        page.wait_for_timeout(40)
    is_saved(page)

    assert not Annotation.votes.filter(undone_at=None).exists()
    assert Annotation.votes.count() == 60


def test_a_lost_lease_is_told_in_words_and_the_answer_is_kept(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(30)
    who, other = make.member(project), make.member(project)
    page = open_station(browser.new_context(), live_server, project, who.user.username)
    mine = Assignment.objects.filter(annotator=who.user).order_by("pk")[0]
    mine.state = Assignment.State.EXPIRED
    mine.save(update_fields=["state"])
    make.ranked(project, [mine.item])
    make.vote(other, make.lease(other)[0], "cat")

    page.keyboard.press("2")
    is_saved(page)

    expect(page.locator("#toast")).to_contain_text("Someone else answered it first")
    expect(page.locator("#trail .refused")).to_have_text("dog")
    late = AnnotationEvent.objects.get(kind=AnnotationEvent.Kind.LATE)
    assert late.payload["labels"] == ["dog"]
    assert not Annotation.votes.filter(annotator=who.user).exists()


def test_somebody_else_logging_in_does_not_take_the_answers(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(30)
    who, other = make.member(project).user, make.member(project).user
    context = browser.new_context()
    page = open_station(context, live_server, project, who.username)
    log_in(context.new_page(), live_server.url, other.username)

    page.bring_to_front()
    page.keyboard.press("1")
    expect(page.locator("#login")).to_be_visible(timeout=10_000)
    page.fill("#login [type=password]", "pw")
    page.keyboard.press("Enter")
    is_saved(page)

    assert Annotation.votes.get().annotator_id == who.pk


def test_new_labels_are_shown_and_an_answer_of_before_is_asked_again(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(30)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)
    drafts = [label_sets.LabelDraft("tomcat"), label_sets.LabelDraft("dog")]
    label_sets.revise(project, make.manager_of(project).user, drafts, {})

    page.keyboard.press("1")

    expect(page.locator("[data-label=tomcat]")).to_be_visible(timeout=15_000)
    assert not Annotation.votes.exists()


def test_keys_are_ignored_while_composing_repeating_or_held_with_control(
    browser: Browser, live_server: LiveServer
) -> None:
    project = prepare(20)
    who = make.member(project).user.username
    page = open_station(browser.new_context(), live_server, project, who)

    for how in ("isComposing: true", "repeat: true", "ctrlKey: true", "altKey: true"):
        page.evaluate(
            "() => document.dispatchEvent(new KeyboardEvent('keydown',"
            f" {{key: '1', code: 'Digit1', bubbles: true, {how}}}))"
        )
    page.keyboard.press("1")
    is_saved(page)

    expect(page.locator("#item article")).to_have_text("item 001")
    assert texts_voted() == once_each(1)


def import_pictures(project: Project, count: int) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for number in range(count):
            body = io.BytesIO()
            Image.new("RGB", (640, 480), (number * 20, 90, 160)).save(body, "PNG")
            files.writestr(f"{number:02d}.png", body.getvalue())
    upload = importing.stage(project, None, "pictures.zip", [archive.getvalue()])
    jobs.run(importing.start(upload, None, {}, {}).job_id)


def test_a_picture_is_zoomed_moved_and_lightened_while_the_keys_label(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), data_type="image")
    import_pictures(project, 12)
    who = make.member(project).user.username
    page = browser.new_context().new_page()
    log_in(page, live_server.url, who)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")
    image = page.locator(f"{READY} img")
    expect(image).to_be_visible()
    before = image.bounding_box()
    assert before is not None

    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    page.locator("[data-filter=brightness]").focus()
    page.keyboard.press("ArrowRight")
    after = image.bounding_box()
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.25, rel=0.01)
    middle = before["x"] + before["width"] / 2
    assert after["x"] + after["width"] / 2 == pytest.approx(middle - 60, abs=1)
    assert "brightness(1.1)" in image.evaluate("i => getComputedStyle(i).filter")
    first = image.get_attribute("src")
    # The slider has the focus, and a label's key still labels.
    page.keyboard.press("2")
    expect(image).not_to_have_attribute("src", first or "")
    again = image.bounding_box()
    assert again is not None
    assert again["width"] == pytest.approx(before["width"], rel=0.01)
    is_saved(page)
    assert Annotation.votes.get().labels == ["dog"]


def test_a_picture_that_cannot_be_shown_says_so_and_can_be_loaded_again(
    browser: Browser, live_server: LiveServer
) -> None:
    project = make.project(labels=("cat", "dog"), data_type="image")
    import_pictures(project, 1)
    page = browser.new_context().new_page()
    log_in(page, live_server.url, make.member(project).user.username)
    page.route("**/media/**", cut)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")

    expect(page.locator("#item")).to_contain_text("cannot be shown")
    page.unroute("**/media/**")
    page.get_by_role("button", name="Load it again").click()

    expect(page.locator("#item img:not(.broken)")).to_be_visible()


@pytest.mark.parametrize(
    ("case", "title", "way"),
    [
        ("empty", "There are no items yet", "To the project"),
        ("done", "All labeled", "Look again"),
        ("paused", "Paused for now", "Look again"),
        ("lent", "All items are with others right now", "Look again"),
        ("training", "A model is being trained", "Look again"),
        ("quota", "That was your share", "To the project"),
        (
            "role",
            "Nothing to label now",
            "What is left is for people with other roles. A manager can change who is asked for what, in the settings.",
        ),
    ],
)
def test_where_there_is_nothing_it_says_why_and_what_to_do(
    browser: Browser, live_server: LiveServer, case: str, title: str, way: str
) -> None:
    project = make.project()
    if case == "done":
        make.item(project, state=Item.State.SETTLED)
    if case == "paused":
        Project.objects.filter(pk=project.pk).update(is_paused=True)
    who = make.member(project, quota=1 if case == "quota" else None)
    if case in ("lent", "training"):
        make.item(project)
        make.lease(make.member(project))
    if case == "quota":
        make.items(project, 2)
        make.vote(who, make.lease(who)[0], "x")
    if case == "role":
        make.item(project, split="evaluation")
        policy.change(project, {"evaluation_by": ["expert"]})
    if case == "training":
        Job.objects.create(kind="learn.train", project=project, state="running")
    page = browser.new_context().new_page()
    log_in(page, live_server.url, who.user.username)
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")

    expect(page.locator("#item h1")).to_have_text(title)
    expect(page.locator("#item").get_by_text(way, exact=True)).to_be_visible()
    expect(page.locator("#item").get_by_text("Import items")).to_have_count(0)
