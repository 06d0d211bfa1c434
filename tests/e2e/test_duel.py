"""A duel from its draw to its decision: people answer by keys, and do not know of it."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from activelearn.models import Duel, ModelVersion, TrainingRun
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Annotation, Item, Job, Project
from labeling.services.projects import policy
from labeling.services.votes import gold, settle
from labeling.services.work import jobs
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import label_by_keyboard, person
from tests.e2e.looks import problems

pytestmark = browsing.MARKS

WORDS = {"refund": "money", "parcel": "post"}
OTHER = {"money": "post", "post": "money"}


def known(project: Project, *, swapped: bool) -> list[Item]:
    """Label eight items of the pool, as they are or the other way round."""
    items = []
    for number in range(8):
        word = sorted(WORDS)[number % 2]
        item = make.item(project, data={"text": f"The {word} of day {number} is late."})
        label = OTHER[WORDS[word]] if swapped else WORDS[word]
        gold.record(project, [(item, [label])])
        items.append(item)
    return items


def trained(project: Project) -> ModelVersion:
    run, _ = triggers.request(project, None, "by hand")
    jobs.run(run.job_id)
    return ModelVersion.objects.get(run=run)


def two_versions() -> Project:
    """Return a project whose champion says the contrary of the version that waits.

    Four held-out items do not tell which is better, and fourteen are open.
    """
    project = make.project(labels=tuple(OTHER), suggestion_mode="assist")
    wrong = known(project, swapped=True)
    for number, word in enumerate(sorted(WORDS) * 2):
        item = make.item(
            project,
            data={"text": f"My {word} of week {number}."},
            split="evaluation",
        )
        gold.record(project, [(item, [WORDS[word]])])
    for number in range(14):
        word = sorted(WORDS)[number % 2]
        make.item(project, data={"text": f"A {word} of month {number} is lost."})
    registry.promote(trained(project), None)
    Item.objects.filter(pk__in=[item.pk for item in wrong]).delete()
    known(project, swapped=False)
    assert trained(project).stage == "waiting"
    work(project)
    policy.change(project, {"duel": True})
    return project


def work(project: Project) -> None:
    """Do what the project's jobs are waiting for."""
    triggers.consider_project(project.pk)
    waiting = Job.objects.filter(project=project, state="queued").order_by("pk")
    while job := waiting.first():
        jobs.run(job.pk)


def key_of(text: str) -> str:
    (label,) = [label for word, label in WORDS.items() if word in text]
    return str(1 + list(OTHER).index(label))


def seen_by_a_manager(page: Page, url: str, name: str) -> list[str]:
    """Return what is wrong with the Models page in any look; it stays open."""
    page.goto(url)
    return problems(page, name, full_page=True)


def test_c12_people_decide_a_duel_by_keys(
    browser: Browser, live_server: LiveServer
) -> None:
    project = two_versions()
    work(project)
    duel = Duel.objects.get()
    assert (duel.asked, duel.ended_at) == (14, None)
    models = f"{live_server.url}/projects/{project.slug}/models/"

    who = make.manager_of(project).user.username
    with person(browser, live_server.url, who) as page:
        assert seen_by_a_manager(page, models, "duel-begins") == []
        words = "all 4 held-out items have a label, and about 100 would tell"
        expect(page.locator("main")).to_contain_text(words)
        expect(page.get_by_label("Duel")).to_contain_text("14 more are wanted")

    annotator = make.member(project).user.username
    with person(browser, live_server.url, annotator) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/label/")
        assert problems(page, "duel-station") == []
        # Nothing says that this is a duel, or what either version predicts.
        shown = page.locator("main").inner_text().lower()
        assert not [word for word in ("duel", "suggest", "champion") if word in shown]
        assert label_by_keyboard(page, key_of, most=14) == 14
    votes = Annotation.votes.filter(item__in=duel.asked_items)
    assert votes.count() == 14
    assert not votes.filter(suggestion_shown__isnull=False).exists()

    settle.settle_project(project.pk)
    work(project)
    work(project)
    assert TrainingRun.objects.get(duel=duel).verdict == "promote"
    with person(browser, live_server.url, who) as page:
        assert seen_by_a_manager(page, models, "duel-ends") == []
        expect(page.locator("main")).to_contain_text("It takes over")
        assert seen_by_a_manager(page, f"{models}2/card/", "duel-card") == []
        expect(page.locator("main")).to_contain_text("people answer 14 as it does")
