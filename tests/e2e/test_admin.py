"""The engineer's desk in the admin: promote, roll back, retrain, cancel, and duels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from activelearn.models import Duel, ModelVersion, Promotion, TrainingRun
from activelearn.services.versions import registry
from labeling.models import Job, User
from labeling.services.work import jobs
from labeling.services.work.transactions import Turn, await_turn
from tests import make
from tests.activelearn.test_loop import one_more_label
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in
from tests.e2e.looks import problems
from tests.e2e.test_duel import two_versions, work

pytestmark = browsing.MARKS


@pytest.fixture
def desk(browser: Browser, live_server: LiveServer) -> Page:
    """Return a window of a superuser who is in no project."""
    User.objects.create_superuser("root", password="pw")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    log_in(page, live_server.url, "root")
    return page


def of(page: Page, url: str, model: str, pk: int) -> Page:
    page.goto(f"{url}/admin/{model}/{pk}/change/")
    return page


def press(page: Page, button: str, why: str = "") -> str:
    """Press a button on the page of an object; return what the admin says to it."""
    page.get_by_label("Reason").fill(why)
    page.get_by_role("button", name=button, exact=True).click()
    return page.locator(".messagelist li").inner_text()


def test_a_version_is_promoted_and_rolled_back_with_a_preview_first(
    desk: Page, live_server: LiveServer
) -> None:
    project = two_versions()
    first, second = ModelVersion.objects.order_by("number")
    version = "activelearn/modelversion"
    of(desk, live_server.url, version, second.pk)

    assert press(desk, "What would change?").startswith(
        "Version 2 would serve in place of version 1. On 4 held-out items it fixes 4"
    )
    # Only said: without a tick, and nothing is done.
    expect(desk.locator(".messagelist .info")).to_be_visible()
    assert registry.champion(project) == first
    assert problems(desk, "admin-version") == []

    assert press(desk, "Promote", "It is right.") == "Version 2 serves now."
    assert registry.champion(project) == second
    assert press(desk, "Promote") == ("Nothing has changed: version 2 serves already.")
    of(desk, live_server.url, version, first.pk)
    assert press(desk, "Roll back") == (
        "Nothing has changed: version 2 serves already."
    )
    of(desk, live_server.url, version, second.pk)
    assert press(desk, "Roll back", "It was not.") == "Version 1 serves again."
    assert registry.champion(project) == first
    assert [change.why for change in Promotion.objects.all()[:2]] == [
        "It was not.",
        "It is right.",
    ]


def test_a_run_is_asked_for_and_cancelled_while_it_runs(
    desk: Page, live_server: LiveServer
) -> None:
    project = two_versions()
    url = live_server.url
    of(desk, url, "labeling/project", project.pk)
    before = TrainingRun.objects.latest("pk")
    assert press(desk, "Retrain now").startswith(f"Nothing is started: {before} has")
    one_more_label(project)

    assert press(desk, "What would a retrain do?").startswith(
        "It would learn from 9 labels"
    )
    requested = press(desk, "Retrain now", "A new label.")
    run = TrainingRun.objects.latest("pk")
    assert requested == f"Run #{run.pk} is requested."
    assert press(desk, "Retrain now") == f"Run #{run.pk} waits already."
    assert problems(desk, "admin-project") == []
    page = f"{url}/admin/activelearn/trainingrun/"
    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            # As another trainer that computes features: the run waits for its turn.
            await_turn(Turn.FEATURES, project.pk)
            going = worker.submit(worked, run.job_id)
            desk.goto(page)
            for _ in range(100):
                if "features" in desk.locator("#result_list").inner_text():
                    break
                desk.wait_for_timeout(200)
                desk.reload()
            desk.locator("#result_list tbody tr a").first.click()
            assert press(desk, "Cancel") == f"Run #{run.pk} is asked to stop."
            assert problems(desk, "admin-run") == []
        assert going.result(20)
    assert Job.objects.get(pk=run.job_id).state == "cancelled"
    desk.reload()
    expect(desk.locator("#content")).to_contain_text("cancelled features")
    assert press(desk, "Cancel") == f"Nothing is left to stop: run #{run.pk} is over."
    assert press(desk, "Run again") == "Learn.train #{} is requested.".format(
        TrainingRun.objects.latest("pk").job_id
    )


def worked(job: int) -> bool:
    """Run a job as a worker's thread does."""
    try:
        return jobs.run(job)
    finally:
        connection.close()


def test_a_duel_is_listed_while_it_goes_on_and_when_it_has_ended(
    desk: Page, live_server: LiveServer
) -> None:
    project = two_versions()
    work(project)
    address = f"{live_server.url}/admin/activelearn/duel/"

    desk.goto(address)
    assert problems(desk, "admin-duels") == []
    desk.locator("#result_list tbody a").first.click()
    expect(desk.locator(".field-verdict")).to_contain_text("none yet")
    expect(desk.locator("#content")).not_to_contain_text("probability")
    assert problems(desk, "admin-duel", full_page=True) == []
    challenger = Duel.objects.get().challenger_id
    of(desk, live_server.url, "activelearn/modelversion", challenger)
    assert "Its duel would end without a result." in press(
        desk, "What would an archive change?"
    )
    press(desk, "Archive", "It is not worth it.")
    work(project)
    desk.goto(address)
    expect(desk.locator("#result_list")).to_contain_text("no result")


LISTS = ("duel", "evaluation", "modelversion", "promotion", "trainingrun")


def test_the_learners_lists_need_no_sideways_scrolling_beside_the_menu(
    desk: Page, live_server: LiveServer
) -> None:
    project = two_versions()
    work(project)
    # A second project: the lists offer a filter for each.
    make.project()
    why = "It is right on all that was held out, and the other one on nothing of it."
    registry.promote(ModelVersion.objects.latest("number"), make.user(), why)
    wide = []
    for name in LISTS:
        desk.goto(f"{live_server.url}/admin/activelearn/{name}/")
        assert problems(desk, f"admin-{name}") == []
        desk.set_viewport_size({"width": 1280, "height": 800})
        if desk.evaluate(SCROLLS):
            wide.append(name)

    assert wide == []


SCROLLS = """() => {
  const list = document.querySelector(".results");
  return list.scrollWidth > list.clientWidth;
}"""
