"""A project's representation is chosen by its labels, kept, and shown."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest
from django.test import Client

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.models import FeatureShard, RepresentationChoice
from activelearn.services.features import choices, store
from activelearn.services.ordering import ranking
from activelearn.services.training import choosing, triggers
from labeling.models import Item, Job, Project
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import answer
from tests.doubles import watched

pytestmark = pytest.mark.django_db

NOISE = [
    "river",
    "window",
    "paper",
    "engine",
    "garden",
    "music",
    "doctor",
    "bridge",
    "winter",
    "market",
    "silver",
    "coffee",
    "teacher",
    "mountain",
    "summer",
    "kitchen",
    "shadow",
    "letter",
    "planet",
    "captain",
]


def labeled(count: int = 110, *, items: int = 130) -> Project:
    """A project whose labels hang on a word of a script that the encoder cannot read.

    All that it can read is by chance.
    """
    project = make.project(labels=("x", "y"), evaluation_rate=0, exploration_rate=0)
    rng = np.random.default_rng(0)
    truth = {}
    for number in range(items):
        words = [*rng.choice(NOISE, 20), "ሰላም" if number % 2 else "ቡና"]
        item = make.item(project, data={"text": " ".join(rng.permutation(words))})
        truth[item.pk] = "x" if number % 2 else "y"
    ranking.rank(project)
    answer(project, truth, count)
    return project


def chosen(project: Project, name: str, **fields: object) -> RepresentationChoice:
    """Keep a comparison as a job of earlier would have."""
    known = {"value": 0.5, "low": 0.4, "high": 0.6, "sha256": "x"}
    return RepresentationChoice.objects.create(
        project=project,
        **{
            "number": 2,
            "name": name,
            "before": "joined",
            "label_count": 100,
            "items": 100,
            "compared": dict.fromkeys(representations.SPECS["text"], known),
            "gain": 0.25,
            "error": 0.01,
            **fields,
        },
    )


def compare(project: Project) -> Job | None:
    choosing.consider(project.pk)
    waiting = Job.objects.filter(project=project, kind="learn.choose", state="queued")
    if job := waiting.first():
        jobs.run(job.pk)
        job.refresh_from_db()
    return job


def test_up_to_a_hundred_labels_texts_are_read_by_both() -> None:
    project = labeled(20, items=30)

    assert compare(project) is None
    assert store.spec_of(project) == core.JOINED_TEXT_SPEC
    assert set(FeatureShard.objects.values_list("spec_hash", flat=True)) == {
        core.hash_of(core.JOINED_TEXT_SPEC)
    }


def test_from_a_hundred_labels_on_a_useless_encoder_is_dropped() -> None:
    project = labeled()

    triggers.consider_project(project.pk)
    job = compare(project)

    assert job is not None
    assert (job.state, job.result) == ("done", {"items": 110})
    row = RepresentationChoice.objects.get(label_count__gt=0)
    assert (row.number, row.before, row.label_count) == (2, "joined", 110)
    right = {name: told["value"] for name, told in row.compared.items()}
    assert right["hashed"] == max(right.values())
    assert row.name == "hashed"
    assert row.gain == pytest.approx(right["hashed"] - right["joined"])
    assert store.spec_of(project) == core.TEXT_SPEC
    # The next order reads the texts so, and it is on its way.
    assert Job.objects.filter(kind="learn.rank", state="queued").exists()
    assert "words and parts of words" in str(job.log)


def test_what_somebody_chooses_while_it_is_compared_stays() -> None:
    project = labeled()
    person = make.manager_of(project).user
    choosing.consider(project.pk)
    job = Job.objects.get(project=project, kind="learn.choose", state="queued")
    progress = watched(
        jobs.claim(job.pk),
        after="comparison",
        then=lambda: choices.choose(project, "encoded", person),
    )

    choosing.run(progress)

    row = choices.newest(project.pk)
    assert row is not None
    assert (row.name, row.before, row.chosen_by) == ("encoded", "encoded", person)
    assert row.is_by_hand
    # What was compared is kept all the same, behind the person's own row.
    assert set(row.compared) == {"hashed", "encoded", "joined"}
    numbers = RepresentationChoice.objects.filter(project=project)
    assert len({each.number for each in numbers}) == len(numbers)


GERMAN: Final = "Bitte die verlorene Karte sperren und eine neue nach Hause schicken"
ENGLISH: Final = "please block the card that I have lost and send another one home"


@pytest.mark.parametrize(
    ("text", "items", "name"),
    [(GERMAN, 60, "hashed"), (ENGLISH, 60, "joined"), (GERMAN, 40, None)],
)
def test_before_any_label_the_words_tell_whether_the_encoder_knows_them(
    text: str, items: int, name: str | None
) -> None:
    project = make.project(evaluation_rate=0)
    for number in range(items):
        make.item(project, data={"text": f"{text} {number}"})

    ranking.rank(project)

    row = choices.newest(project.pk)
    assert (row and row.name) == name
    assert store.spec_of(project) == representations.SPECS["text"][name or "joined"]
    hashes = set(FeatureShard.objects.values_list("spec_hash", flat=True))
    assert hashes == {core.hash_of(store.spec_of(project))}


def test_what_the_words_told_stays_until_labels_tell_more(client: Client) -> None:
    project = make.project(evaluation_rate=0)
    for number in range(60):
        make.item(project, data={"text": f"{GERMAN} {number}"})
    ranking.rank(project)
    for number in range(600):
        make.item(project, data={"text": f"{ENGLISH} {number}"})

    ranking.rank(project)

    row = RepresentationChoice.objects.get()
    assert (row.name, row.items, row.label_count) == ("hashed", 60, 0)
    assert row.known_words == pytest.approx(4 / 11)
    page = models_page(project, client)
    assert "knows 36 % of the texts&#x27; words" in page
    assert "due at 100 confident labels" in page


def test_it_is_compared_again_only_when_the_labels_have_doubled() -> None:
    project = labeled()
    compare(project)

    assert compare(project) is None
    RepresentationChoice.objects.update(label_count=55)
    assert compare(project) is not None
    assert [row.number for row in RepresentationChoice.objects.all()] == [3, 2, 1]


def test_a_choice_that_stays_asks_for_no_order() -> None:
    project = labeled()
    chosen(project, "hashed", label_count=50)
    Job.objects.all().delete()

    job = compare(project)

    assert job is not None
    assert job.log == []
    assert choices.name_now(project) == "hashed"
    assert not Job.objects.filter(kind="learn.rank", state="queued").exists()


def test_labels_of_which_none_is_certain_are_compared_once() -> None:
    project = labeled()
    Item.objects.filter(project=project).update(split="evaluation")

    compare(project)

    row = RepresentationChoice.objects.get(label_count__gt=0)
    assert (row.name, row.items, row.compared) == ("joined", 0, {})
    assert compare(project) is None


def test_tables_are_not_compared() -> None:
    project = labeled()
    Project.objects.filter(pk=project.pk).update(data_type="table")

    assert compare(project) is None


def test_a_choice_that_this_program_does_not_know_is_none() -> None:
    project = make.project()
    chosen(project, "larger")

    assert store.spec_of(project) == core.JOINED_TEXT_SPEC


def models_page(project: Project, client: Client) -> str:
    client.force_login(make.manager_of(project).user)
    return client.get(f"/projects/{project.slug}/models/").content.decode()


def test_the_models_page_shows_what_was_compared_and_why(client: Client) -> None:
    project = make.project()

    before = models_page(project, client)
    chosen(project, "hashed")
    after = models_page(project, client)

    assert "Nothing has been compared yet" in before
    assert "due at 100 confident labels" in before
    assert "words, parts of words and what they mean" in before
    assert "Compared on 100 labels" in after
    assert "Chosen in place of “words, parts of words and what they mean”" in after
    assert "by 25.0 points" in after
    assert "due at 200 confident labels" in after
    assert after.count("in force") == 1


@pytest.mark.parametrize(
    ("gain", "told"), [(0.0, "no other one is right more often"), (0.02, "2.0 points")]
)
def test_the_models_page_says_why_nothing_has_changed(
    gain: float, told: str, client: Client
) -> None:
    project = make.project()
    chosen(project, "joined", gain=gain)

    assert told in models_page(project, client)
