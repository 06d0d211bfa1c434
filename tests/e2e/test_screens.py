"""Every screen, light, dark and on a phone: reachable for all, and fit to be shown."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import (
    Disagreement,
    Item,
    Job,
    Membership,
    Project,
    Source,
    SourceObject,
    User,
)
from labeling.services.queue import order
from labeling.services.transfer.importing import images
from labeling.services.transfer.sources.objects import ObjectCounts
from labeling.services.votes import agreement, settle
from labeling.services.work import jobs
from running.demo import data, load
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, log_in
from tests.e2e.looks import problems
from tests.labeling.transfer.files import bring, lines
from tests.labeling.transfer.predicted import predicted

pytestmark = browsing.MARKS

SCREENS = {
    "home": "/",
    "account": "/account/",
    "new-project": "/projects/new/",
    "project": "/projects/languages/",
    "guideline": "/projects/languages/guideline/",
    "labels": "/projects/languages/labels/",
    "settings": "/projects/languages/settings/",
    "delete-project": "/projects/languages/settings/delete/",
    "members": "/projects/languages/members/",
    "sources": "/projects/languages/sources/",
    "source": "/projects/languages/sources/{source}/",
    "items": "/projects/languages/items/",
    "item": "/projects/languages/items/{item}/",
    "delete-items": "/projects/languages/items/delete/?state=settled",
    "import": "/projects/languages/import/",
    "export": "/projects/languages/export/",
    "predictions": "/projects/languages/predictions/",
    "agreement": "/projects/languages/agreement/",
    "jobs": "/projects/languages/jobs/",
    "reviews": "/projects/languages/reviews/",
    "webhooks": "/projects/languages/webhooks/",
    "feedback": "/projects/languages/feedback/",
    "batches": "/projects/languages/predict/",
    "job": "/projects/languages/jobs/{job}/",
    "import-report": "/projects/languages/jobs/{report}/",
    "my-work": "/projects/languages/my-work/",
    "station": "/projects/languages/label/",
    "station-image": "/projects/digits/label/",
    "grid": "/projects/digits/grid/",
    "station-table": "/projects/wine/label/",
    "disagreements": "/projects/languages/disagreements/",
    "models": "/projects/languages/models/",
    "watch": "/projects/languages/watch/",
    "alarms": "/projects/languages/watch/alarms/",
    "watch-all": "/watch/",
    "card": "/projects/languages/models/1/card/",
    "online": "/projects/languages/models/online/",
    "learned": "/projects/languages/models/1/items/",
    "automation": "/projects/languages/automation/",
    "retrain": "/projects/languages/models/retrain/",
    "promote": "/projects/languages/models/1/promote/",
    "rollback": "/projects/languages/models/2/rollback/",
    "archive": "/projects/languages/models/1/archive/",
    "changes": "/projects/languages/models/1/against/1/",
    "join": "/join/",
    "admin": "/admin/",
    "admin-projects": "/admin/labeling/project/",
    "admin-runs": "/admin/activelearn/trainingrun/",
    "login": "/login/",
}


def work() -> None:
    """Do what the workers would do with what waits."""
    while job := Job.objects.filter(state="queued").order_by("pk").first():
        jobs.run(job.pk)


def label(project: Project, truth: dict[str, str], count: int) -> None:
    """Let two demo annotators answer; the second one errs now and then."""
    labels = sorted(set(truth.values()))
    for name in ("ada", "ben"):
        member = Membership.objects.select_related("project", "user").get(
            project=project, user__username=name
        )
        for number, lent in enumerate(make.lease(member, count)):
            right = truth[lent.item.external_id]
            wrong = labels[(labels.index(right) + 1) % len(labels)]
            errs = name == "ben" and number % 6 == 5
            make.vote(member, lent, wrong if errs else right)
    settle.settle_project(project.pk)


def suggest(project: Project) -> None:
    """Let the queue say of each picture what it shows, as a trained model would."""
    project.suggestion_mode = "assist"
    project.save()
    _, truth = data.digits()
    free = Item.objects.filter(project=project, split="pool").order_by("pk")[:300]
    entries = [
        order.Entry(
            item.pk,
            0,
            is_first=True,
            rank=place,
            reason="model",
            suggestion={
                "label": truth[item.external_id],
                "confidence": 0.9,
                "model": 1,
            },
        )
        for place, item in enumerate(free)
    ]
    order.swap(project.pk, entries)


def predict(project: Project) -> None:
    """Have two sources from outside predict all items: one is right, one guesses."""
    _, truth = data.languages()
    items = Item.objects.filter(project=project)
    names = [*items.filter(external_id__in=truth).values_list("external_id", flat=True)]
    guess = min(truth.values())
    rows = [{"id": name, "label": truth[name], "score": 0.9} for name in names]
    guesses = [{"id": name, "label": guess, "source": "guess"} for name in names]
    predicted(project, *rows, *guesses)


def serve_second(project: Project) -> None:
    """Have two versions, of which the second one serves and the first one did."""
    while project.model_versions.count() < 2:
        label(project, data.languages()[1], 10)
        triggers.request(project, None, "for another version")
        work()
    first, second = project.model_versions.order_by("number")[:2]
    for version in (first, second):
        version.refresh_from_db()
        if version.stage != "champion":
            registry.promote(version, None)


def fed(project: Project) -> Source:
    """Return a source of a project that was listed, with an object that was refused."""
    counts = ObjectCounts(1234, new=12, known=1200, refused=22, removed=3).as_json()
    source = Source.objects.create(
        project=project,
        kind="s3",
        name="What the cameras send",
        endpoint="https://s3.eu-central-1.example.com",
        bucket="cameras",
        prefix="2026/",
        listed_at=timezone.now(),
        counts=counts,
        every_hours=6,
        list_after=timezone.now(),
        failures=2,
    )
    SourceObject.objects.create(
        source=source,
        key="2026/" + "folder/" * 12 + "film.mp4",
        state="refused",
        reason=images.NO_IMAGE,
        seen_by=1,
    )
    return source


def report_of(project: Project) -> Job:
    """Return the job of an import with rows of each kind."""
    rows = [
        {"id": "new", "text": "A sentence that is not here yet."},
        {"id": "again", "text": "A sentence that is not here yet."},
        {"id": "empty", "text": ""},
        {"id": "x" * 300, "text": "Its id is too long."},
    ]
    return bring(project, "sentences.jsonl", lines(*rows)).job


@pytest.fixture
def demo(transactional_db: None) -> User:
    """The demo after a morning's work."""
    load.people()
    load.load_all()
    work()
    suggest(Project.objects.get(slug="digits"))
    # Of 178 wines some are held out with their answer, by chance: leave some to label.
    for slug, count in (("languages", 30), ("wine", 20)):
        project = Project.objects.get(slug=slug)
        _, truth = getattr(data, slug)()
        for _ in range(2):
            ranking.rank(project)
            label(project, truth, count)
            triggers.consider(project.pk)
            work()
        agreement.compute(project.pk)
    serve_second(Project.objects.get(slug="languages"))
    fed(Project.objects.get(slug="languages"))
    report_of(Project.objects.get(slug="languages"))
    predict(Project.objects.get(slug="languages"))
    assert Disagreement.objects.filter(resolved_at=None).exists()
    assert Item.objects.filter(state="settled").exists()
    engineer = User.objects.get(username="engineer")
    engineer.set_password("pw")
    engineer.save()
    return engineer


def shown() -> dict[str, int]:
    """Return what the addresses of ``SCREENS`` show, by its name there."""
    jobs_ = Job.objects.filter(project__slug="languages")
    items = Item.objects.filter(project__slug="languages", state="settled")
    return {
        "item": items.latest("pk").pk,
        "job": jobs_.latest("pk").pk,
        "report": jobs_.get(import_run__file_name="sentences.jsonl").pk,
        "source": Source.objects.get().pk,
    }


def ready(page: Page, url: str) -> None:
    page.goto(url)
    if url.endswith("/label/"):
        page.wait_for_selector(f"{READY} :is(article, img, table)")
        page.wait_for_selector("#saved.good")
    if url.endswith("/grid/"):
        page.wait_for_selector(".cell img")
        page.wait_for_load_state("networkidle")
        page.wait_for_selector("#saved.good")
    page.wait_for_load_state("load")


def test_every_screen_is_accessible_and_fits(
    browser: Browser, live_server: LiveServer, demo: User
) -> None:
    ids = shown()
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    said = log_in(page, live_server.url, demo.username)
    for name, path in SCREENS.items():
        if name == "login":
            context.clear_cookies()
        ready(page, live_server.url + path.format(**ids))
        wrong += problems(page, name)
    context.close()

    assert wrong == []
    assert not [text for text in said if "Content Security Policy" in text]
