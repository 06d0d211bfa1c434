"""More items of a label: found by its examples or in words, next in the queue."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from activelearn.models import RepresentationChoice
from activelearn.services.ordering import ranking, searching
from labeling.errors import InvalidInputError
from labeling.models import Item, Job, Project, QueueEntry
from labeling.services.votes import gold
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_loop import answer
from tests.doubles import interrupted

pytestmark = pytest.mark.django_db

CARDS = ("my card is lost", "somebody stole my card", "block the card that I lost")
WEATHER = ("will it rain today", "is it sunny in Rome", "how cold is it outside")


def texts(count: int = 10, exploration_rate: float = 0.1) -> Project:
    """A project with two kinds of texts; the labels are made for a test."""
    project = make.project(
        labels=("card", "weather"),
        evaluation_rate=0,
        exploration_rate=exploration_rate,
    )
    for number in range(count):
        for text in (*CARDS, *WEATHER):
            make.item(project, data={"text": f"{text} {number}"})
    return project


def searched(project: Project, name: str, text: str = "") -> Job:
    job = searching.request(project, name, text, make.manager_of(project).user)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def refusal(project: Project, name: str, text: str) -> str:
    with pytest.raises(InvalidInputError) as refused:
        searching.request(project, name, text, None)
    return str(refused.value.by_field)


def is_of_cards(pk: int) -> bool:
    return str(Item.objects.get(pk=pk).data["text"]).startswith(CARDS)


def test_items_like_a_description_take_every_second_place() -> None:
    project = texts(exploration_rate=0)

    job = searched(project, "card", "a lost or stolen card")
    ranking.rank(project)

    assert (job.state, job.result) == ("done", {"items": 50})
    near = job.params["items"]
    assert all(map(is_of_cards, near[:25]))
    first = QueueEntry.objects.filter(project=project, is_first=True).order_by("rank")
    rows = list(first.values_list("item", "reason", "probability", "suggestion")[:20])
    assert [reason for _, reason, *_ in rows[::2]] == ["similar"] * 10
    assert [row[0] for row in rows[::2]] == near[:10]
    assert not {reason for _, reason, *_ in rows[1::2]} & {"similar"}
    # A rule's choice, with its probability, and answered blind.
    assert {row[2:] for row in rows[::2]} == {(1.0, None)}


def test_it_is_no_random_item_and_chance_keeps_its_share() -> None:
    project = texts(exploration_rate=0.5)
    searched(project, "card", "a lost or stolen card")

    ranking.rank(project)

    entries = QueueEntry.objects.filter(project=project, reason="similar")
    mixtures = list(entries.values_list("mixture", flat=True))
    assert mixtures
    for mixture in filter(None, mixtures):
        chance = mixture["random"] / mixture["open"]
        assert mixture["random"] == 0.5
        assert mixture["probability"] == pytest.approx(0.5 + chance)


def test_with_examples_no_words_are_needed() -> None:
    project = texts()
    ranking.rank(project)
    items = Item.objects.filter(project=project)
    truth = {item.pk: "card" if is_of_cards(item.pk) else "weather" for item in items}
    answer(project, truth, 12)

    job = searched(project, "card")

    assert job.state == "done"
    near = job.params["items"]
    labeled = set(Item.objects.filter(project=project, votes__gt=0).values_list("pk"))
    assert not {(pk,) for pk in near} & labeled
    assert sum(map(is_of_cards, near[:10])) >= 9


def test_held_out_items_are_neither_examples_nor_looked_for() -> None:
    project = texts()
    ranking.rank(project)
    answer(project, dict.fromkeys(Item.objects.values_list("pk", flat=True), "card"), 4)
    held_out = Item.objects.filter(project=project)
    held_out.filter(votes__gt=0).update(split="evaluation")
    held_out.filter(pk__in=held_out.filter(votes=0).values("pk")[:20]).update(
        split="evaluation"
    )

    assert "No item of the pool has this label" in refusal(project, "card", "")
    near = searched(project, "card", "a lost card").params["items"]

    assert len(near) == 36
    assert set(Item.objects.filter(pk__in=near).values_list("split", flat=True)) == {
        "pool"
    }


def test_what_has_a_vote_leaves_the_search() -> None:
    project = texts(exploration_rate=0)
    near = searched(project, "card", "a lost or stolen card").params["items"]
    ranking.rank(project)
    everything = Item.objects.filter(project=project).values_list("pk", flat=True)
    answer(project, dict.fromkeys(everything, "card"), 6)

    ranking.rank(project)

    voted = set(Item.objects.filter(votes__gt=0).values_list("pk", flat=True))
    entries = QueueEntry.objects.filter(project=project, reason="similar")
    assert set(entries.values_list("item", flat=True)) == set(near) - voted


def test_a_search_that_waits_or_runs_is_not_requested_again() -> None:
    project = texts(1)

    def ask(name: str, text: str) -> Job:
        return searching.request(project, name, text, None)

    job = ask("card", "a lost card")
    again, other = ask("card", "a lost card"), ask("weather", "a lost card")
    reworded = ask("card", "a card")
    assert jobs.claim(job.pk)
    while_it_runs = ask("card", "a lost card")
    jobs.cancel(job)

    assert again == while_it_runs == job
    assert len({job, other, reworded}) == 3
    assert ask("card", "a lost card") != job


def test_of_searches_for_the_same_the_newest_counts_and_none_for_a_label_gone() -> None:
    project = texts(1)
    for name, text, items in (
        ("gone", "x", [1]),
        ("card", "x", [2, 3]),
        ("card", "y", [4]),
        *[("card", "x", [5, 6])] * 7,
        ("weather", "x", [7]),
        ("gone", "", [8]),
    ):
        params = {"label": name, "text": text, "items": items}
        Job.objects.create(project=project, kind="learn.search", params=params)

    assert searching.searched_items(project) == [7, 5, 6, 4]


def test_a_description_is_read_as_the_items_were() -> None:
    project = texts()
    job = searching.request(project, "card", "a lost or stolen card", None)

    def choose_another() -> None:
        RepresentationChoice.objects.create(
            project=project,
            number=9,
            name="hashed",
            before="joined",
            label_count=0,
            items=0,
            compared={},
            gain=0,
            error=0,
        )

    result = searching.run(interrupted(job, after="comparison", then=choose_another))

    assert result == {"items": 50}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("other", "", "One of card, weather"),
        ("card", "", "No item of the pool has this label"),
        ("card", "x" * 501, "500"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(name: str, text: str, why: str) -> None:
    project = texts(1)

    assert why in refusal(project, name, text)


def test_only_texts_are_found_by_a_description() -> None:
    project = make.project(labels=("card", "weather"), data_type="table")

    assert "Only texts" in refusal(project, "card", "a lost card")


def test_an_engineer_asks_for_it_by_the_api() -> None:
    project = texts(1)
    call = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/labels/search/"

    asked = call("post", path, {"label": "card", "text": "a lost card"})
    refused = call("post", path, {"label": "card"})
    stranger = make.Caller(make.member(project, "annotator").user)

    assert (asked.status_code, asked.json()["kind"]) == (202, "learn.search")
    assert refused.status_code == 400
    assert stranger("post", path, {"label": "card"}).status_code == 403
    engineer = make.Caller(make.member(project, "engineer").user)
    body = {"label": "weather", "text": "rain"}
    assert engineer("post", path, body).status_code == 202
    assert Job.objects.get(pk=asked.json()["id"]).params == {
        "label": "card",
        "text": "a lost card",
    }


def test_the_labels_page_has_a_button_for_each_label(client: Client) -> None:
    project = texts(1)
    client.force_login(make.manager_of(project).user)
    page, button = (f"/projects/{project.slug}/labels/{end}" for end in ("", "search/"))

    shown = client.get(page).content.decode()
    refused = client.post(button, {"label": "card"}, follow=True).content.decode()
    row = project.label_set.labels.get(name="card")  # type: ignore[union-attr]
    row.description = "a lost or stolen card"
    row.save()
    done = client.post(button, {"label": "card"}, follow=True).content.decode()

    assert len(re.findall(r"Find more\s*</button>", shown)) == 2
    assert "No item of the pool has this label" in refused
    assert "are looked for and come next" in done
    assert Job.objects.get(kind="learn.search").params["text"] == row.description
    assert client.get(button).status_code == 405


def test_an_engineer_asks_for_it_at_the_rare_labels_of_the_models_page(
    client: Client,
) -> None:
    project = texts(1)
    item = make.item(project, split="pool")
    gold.record(project, [(item, ["card"])])
    client.force_login(make.member(project, "engineer").user)
    page, button = (
        f"/projects/{project.slug}/{end}" for end in ("models/", "labels/search/")
    )

    shown = client.get(page).content.decode()
    done = client.post(button, {"label": "card", "models": ""}, follow=True)

    assert len(re.findall(r"Find more\s*</button>", shown)) == 1
    assert done.redirect_chain == [(page, 302)]
    assert "are looked for and come next" in done.content.decode()
    # Who may not order the queue may not ask for it either.
    for role, status in (("annotator", 403), ("expert", 403), ("manager", 302)):
        client.force_login(make.member(project, role).user)
        assert client.post(button, {"label": "card"}).status_code == status


def test_the_button_looks_once_whether_the_label_has_examples(client: Client) -> None:
    project = texts(2)
    ranking.rank(project)
    items = Item.objects.filter(project=project)
    answer(project, dict.fromkeys(items.values_list("pk", flat=True), "card"), 4)
    items.filter(votes__gt=0).update(split="pool")
    client.force_login(make.manager_of(project).user)
    button = f"/projects/{project.slug}/labels/search/"

    with CaptureQueriesContext(connection) as queries:
        client.post(button, {"label": "card"})

    looks = [query for query in queries if '"labeling_resolution"' in query["sql"]]
    assert len(looks) == 1
    assert Job.objects.get(kind="learn.search").params["text"] == ""
