"""The whole loop in the browser, from an empty database, with nobody touching it."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from celery.contrib.testing.worker import start_worker
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from activelearn.core import query, training
from activelearn.models import ModelVersion, TrainingRun
from activelearn.services.features import store
from config.celery import app
from labeling.models import (
    Annotation,
    Assignment,
    Disagreement,
    Item,
    Project,
    QueueEntry,
    Resolution,
)
from labeling.services.projects import members
from running.demo import data
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, label_by_keyboard, person

pytestmark = browsing.MARKS
PEOPLE = ("ada", "ben", "cleo")


@dataclass(frozen=True)
class Material:
    """A file to import and what a person knows about it."""

    data_type: str
    file: str
    body: bytes
    # The same kind of file with one more row.
    late: bytes
    labels: tuple[str, ...]
    truth: dict[str, str]


def texts() -> Material:
    """Return 360 short texts in four languages that a small model tells apart.

    So it beats the commonest label on the dozen held-out items of one sitting.
    """
    languages = {"ar": "Arabic", "da": "Danish", "el": "Greek", "ja": "Japanese"}
    known = [
        (text, name)
        for code, name in languages.items()
        for text in data.sentences(code)
    ]
    lines, truth = [], {}
    chosen = random.Random(0).sample(known, 360)
    for number, (text, label) in enumerate(chosen):
        row = {"external_id": f"text-{number:03d}", "text": text}
        lines.append(json.dumps(row).encode())
        truth[row["external_id"]] = label
    *most, late = lines
    labels = tuple(languages.values())
    return Material("text", "texts.jsonl", b"\n".join(most), late, labels, truth)


def pictures() -> Material:
    """Return 300 handwritten digits from 0 to 3."""
    body, truth = data.digits()
    labels = tuple("0123")
    names = [name for name in truth if truth[name] in labels][:300]
    known = {name: truth[name] for name in names}
    *most, late = names
    return Material(
        "image", "pictures.zip", part(body, most), part(body, [late]), labels, known
    )


def part(archive: bytes, names: list[str]) -> bytes:
    """Return a ZIP with some of the files of another."""
    some = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as every,
        zipfile.ZipFile(some, "w") as few,
    ):
        for name in names:
            few.writestr(name, every.read(name))
    return some.getvalue()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """Run the doorbells as a worker process would."""
    queues = ["interactive", "training"]
    with start_worker(app, perform_ping_check=False, pool="solo", queues=queues):
        yield


def account(name: str) -> None:
    user, _ = members.create_user(name, manager=name == "engineer")
    user.set_password("pw")
    user.is_staff = user.is_superuser = name == "engineer"
    user.save()


def create_by_page(page: Page, url: str, material: Material, file: Path) -> None:
    page.goto(f"{url}/projects/new/")
    page.fill("[name=name]", "Journey")
    page.select_option("[name=data_type]", material.data_type)
    page.fill("[name=labels]", "\n".join(material.labels))
    page.fill("[name=overlap]", "2")
    page.fill("[name=evaluation_percent]", "20")
    page.click("main button")
    import_by_page(page, url, file, len(material.truth) - 1)


def import_by_page(page: Page, url: str, file: Path, count: int) -> None:
    page.goto(f"{url}/projects/journey/import/")
    page.set_input_files("[name=file]", file)
    page.click("main form button")
    expect(page.get_by_text("the first rows")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(f": {count} new").first).to_be_visible(timeout=60_000)


def add_people(page: Page, url: str) -> None:
    for name in (*PEOPLE, "expert"):
        page.goto(f"{url}/projects/journey/members/")
        form = page.locator("form", has=page.locator("[name=user]"))
        form.locator("[name=user]").fill(name)
        role = "expert" if name == "expert" else "annotator"
        form.locator("[name=role]").select_option(role)
        form.get_by_role("button", name="Add").click()
        expect(page.locator("main .rows")).to_contain_text(name)


def knowing(material: Material, *, wrong_every: int = 0) -> Callable[[str], str]:
    """Return a person who knows the right key, and errs now and then."""
    # The keys that labels get by themselves: a digit's is its name.
    keys = {
        label: label if len(label) == 1 else str(n)
        for n, label in enumerate(material.labels, 1)
    }
    known = {}
    for item in Item.objects.select_related("media"):
        shown = (
            f"/api/projects/journey/media/{item.media.sha256}/"
            if item.media
            else item.data["text"]
        )
        known[shown] = material.truth[item.external_id]
    seen: list[str] = []

    def key_of(shown: str) -> str:
        seen.append(shown)
        if wrong_every and len(seen) % wrong_every == 0:
            others = [label for label in material.labels if label != known[shown]]
            return keys[others[0]]
        return keys[known[shown]]

    return key_of


def resolve_all(page: Page, url: str, material: Material) -> int:
    """Answer every disagreement blind and then for good, by keyboard."""
    page.goto(f"{url}/projects/journey/disagreements/")
    right = knowing(material)
    done = 0
    while page.locator("main form.decision").count():
        image = page.locator("main article img")
        shown = (
            str(image.get_attribute("src")).partition("?")[0]
            if image.count()
            else page.locator("main article").inner_text()
        )
        with page.expect_navigation():
            page.keyboard.press(right(shown))
        expect(page.get_by_text("Press the final label")).to_be_visible()
        with page.expect_navigation():
            page.keyboard.press(right(shown))
        done += 1
    expect(page.get_by_role("heading", name="Nothing to resolve")).to_be_visible()
    return done


def settled(page: Page, say: Callable[[], bool]) -> None:
    """Wait until the workers have done what they were rung for."""
    for _ in range(300):
        if say():
            return
        page.wait_for_timeout(100)
    pytest.fail("the workers did not get there within 30 s")


def champion() -> ModelVersion | None:
    return ModelVersion.objects.filter(stage="champion").first()


def is_quiet() -> bool:
    project = Project.objects.get()
    busy = project.jobs.exclude(finished_at__isnull=False).exists()
    return not busy and not Item.objects.filter(is_unsettled=True).exists()


def least_sure(project: Project) -> set[int]:
    """Return the items of the open pool that a model of today's labels ranks first."""
    table = store.load(project)
    ids, rows = table.ids, table.rows
    labeled = Resolution.objects.filter(superseded_at=None, item__split="pool")
    known = dict(labeled.values_list("item_id", "labels"))
    seen = [row for row, pk in enumerate(ids) if int(pk) in known]
    model = training.fit(
        rows[seen],
        [known[int(ids[row])] for row in seen],
        is_multi=False,
        seed=project.seed,
    )
    others = Assignment.objects.exclude(annotator__username="engineer")
    lent = others.filter(state__in=Assignment.LIVE).values("item")
    free = Item.objects.pool().filter(votes=0).exclude(pk__in=lent)
    pool = set(free.values_list("pk", flat=True))
    where = np.array([row for row, pk in enumerate(ids) if int(pk) in pool])
    scores = query.uncertainty(model.probabilities(rows[where]), is_multi=False)
    best = np.flatnonzero(scores >= scores.max() - 1e-9)
    return {int(ids[where[row]]) for row in best}


def next_of(page: Page, url: str) -> int:
    """Return the first item that the model's order gives to whoever asks now."""
    page.goto(f"{url}/projects/journey/label/")
    page.wait_for_selector(f"{READY} :is(article, img)")
    mine = Assignment.objects.filter(annotator__username="engineer", reason="model")
    return mine.order_by("rank")[0].item_id


def promote_another_then_roll_back(page: Page, url: str, serving: ModelVersion) -> None:
    another = ModelVersion.objects.exclude(pk=serving.pk)[0]
    for version, button in ((another, "Promote"), (another, "Roll back")):
        page.goto(f"{url}/admin/activelearn/modelversion/{version.pk}/change/")
        # Its gate may have said no to it.
        page.get_by_label("Reason").fill("To see it serve.")
        page.get_by_role("button", name=button).click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        if button == "Promote":
            assert champion() == another


def votes_in_export(page: Page, url: str) -> list[tuple[int, str, list[str]]]:
    answer = page.request.get(f"{url}/api/projects/journey/export/?format=jsonl")
    rows = [json.loads(line) for line in answer.body().splitlines()]
    return sorted(
        (vote["id"], vote["annotator"], vote["labels"])
        for row in rows
        for vote in row["votes"]
    )


def votes_in_database() -> list[tuple[int, str, list[str]]]:
    votes = Annotation.votes.filter(undone_at=None)
    return sorted(votes.values_list("pk", "annotator__username", "labels"))


@pytest.mark.parametrize(
    "made", [texts, pytest.param(pictures, marks=pytest.mark.soak)]
)
def test_from_an_empty_database_to_a_rolled_back_model(
    made: Callable[[], Material],
    browser: Browser,
    live_server: LiveServer,
    worker: None,
    tmp_path: Path,
) -> None:
    material = made()
    url = live_server.url
    file = tmp_path / material.file
    file.write_bytes(material.body)
    for name in ("engineer", *PEOPLE, "expert"):
        account(name)

    with person(browser, url, "engineer") as engineer:
        create_by_page(engineer, url, material, file)
        # A first model waits for twenty held-out labels: so many come in one sitting.
        Project.objects.update(evaluation_rate=0.35)
        add_people(engineer, url)
        pressed = 0
        for _ in range(3):
            for name in PEOPLE:
                with person(browser, url, name) as page:
                    page.goto(f"{url}/projects/journey/label/")
                    errs = 9 if name == "cleo" else 0
                    pressed += label_by_keyboard(
                        page, knowing(material, wrong_every=errs), 30
                    )
            settled(engineer, is_quiet)
        assert Annotation.votes.filter(undone_at=None).count() == pressed
        assert Disagreement.objects.filter(resolved_at=None).exists()
        with person(browser, url, "expert") as page:
            assert resolve_all(page, url, material) >= 2
        settled(engineer, is_quiet)
        runs = TrainingRun.objects.order_by("pk")
        assert runs.exists()
        # Nobody has asked: new labels start a run, or have a version judged again.
        assert not runs.filter(trigger="person").exists()
        assert not runs.exclude(requested_by=None).exists()
        serving = champion()
        assert serving is not None, list(runs.values("label_count", "explanation"))
        file.write_bytes(material.late)
        import_by_page(engineer, url, file, 1)
        late = QueueEntry.objects.filter(item=Item.objects.latest("pk"))
        settled(engineer, lambda: late.exists() and is_quiet())
        assert next_of(engineer, url) in least_sure(Project.objects.get())
        promote_another_then_roll_back(engineer, url, serving)
        assert champion() == serving
        assert votes_in_export(engineer, url) == votes_in_database()
