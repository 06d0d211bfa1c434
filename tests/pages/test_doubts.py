"""The experts' lists: counted, page by page, and nothing told before the own answer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from labeling.models import AnnotationEvent, Disagreement, Item, Project, Resolution
from labeling.services.experts import adjudicate, blind, decisions
from labeling.services.transfer import predictions
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts
from tests.labeling.experts.test_doubts import flag, low, say, settled
from tests.pages.html import flat
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

LISTS = ("low-confidence", "flagged", "suspects")


class Lists:
    """An expert at the lists of a project."""

    def __init__(self, project: Project) -> None:
        (self.member,) = experts(project, 1)
        self.client: Client = browser(self.member.user)
        self.path = f"/projects/{project.slug}/disagreements/"

    def get(self, which: str = "", **query: str) -> str:
        name = f"{which}/" if which else ""
        self.answer = self.client.get(f"{self.path}{name}", query)
        return flat(self.answer.content)

    def post(self, which: str, item: Item, do: str = "take") -> str:
        body = {"item": item.pk, "do": do}
        self.answer = self.client.post(f"{self.path}{which}/", body, follow=True)
        return flat(self.answer.content)


def test_every_list_says_how_much_waits_and_an_empty_one_why() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Lists(disagreement.project)

    for which in LISTS:
        shown = desk.get(which)
        assert "Disagreements <small>1</small>" in shown
        assert "Suspects <small>0</small>" in shown
        assert "Nothing here" in shown
        assert 'aria-current="page">' in shown


def test_a_list_tells_its_reason_but_no_label_and_no_vote() -> None:
    item = low(data={"text": "of two minds"})
    say([item], "y", 0.96)
    make.member(item.project)
    desk = Lists(item.project)
    waiting = make.item(item.project, data={"text": "seen by nobody"})
    flag(waiting, "<b>cut off</b>")

    unsure, flags, shown = (desk.get(which) for which in LISTS)

    assert "of two minds" in unsure
    assert "confidence 0.67" in unsure
    assert "the model's score for another label is 0.96" in shown
    assert "“&lt;b&gt;cut off&lt;/b&gt;”" in flags
    for page in (unsure, shown):
        assert not any(f">{name}<" in page or f" {name}." in page for name in "xy")


def test_what_is_taken_up_is_decided_blind_first_on_the_same_page() -> None:
    item = low()
    say([item], "y", 0.96)
    Resolution.objects.update(used_at="2026-01-02T03:04Z")
    desk = Lists(item.project)

    shown = desk.post("suspects", item)
    assert "blind first" in shown
    assert "Its label now" not in shown
    assert "<small>A1" not in shown
    disagreement = Disagreement.objects.get(item=item)
    form = {"id": disagreement.pk, "step": "blind", "label": "y"}
    shown = desk.client.post(desk.path, form, follow=True).content.decode()
    assert "Its label now: x (Consensus, confidence 0.67)." in shown
    assert "A training run has used it" in shown
    assert "Model version 1 says y, with a score of 0.96." in shown
    form = {**form, "step": "final"}
    shown = desk.client.post(desk.path, form, follow=True).content.decode()

    assert "it was: x" in shown
    assert f'href="{desk.path}suspects/" data-key="b"' in shown
    assert Resolution.objects.get(superseded_at=None).labels == ["y"]


def test_the_label_and_the_votes_are_not_on_the_item_s_page_meanwhile() -> None:
    item = low()
    desk = Lists(item.project)
    page = f"/projects/{item.project.slug}/items/{item.pk}/"
    assert "<small>A1" in desk.client.get(page).content.decode()

    desk.post("low-confidence", item)

    shown = desk.client.get(page).content.decode()
    assert "<small>A1" not in shown
    assert "Not shown before your own answer." in shown
    disagreement = Disagreement.objects.get(item=item)
    blind.label_blind(desk.member, disagreement.pk, ("y",))
    adjudicate.resolve(desk.member, disagreement.pk, decisions.Decision(("y",)))
    shown = desk.client.get(page).content.decode()
    assert "it was: x" in shown
    assert "Doubted" in shown


def test_a_flag_is_left_as_it_is() -> None:
    project = make.project()
    item = make.item(project)
    flag(item)
    desk = Lists(project)

    shown = desk.post("flagged", item, do="check")

    assert "It is not in this list any more." in shown
    assert "Nothing here" in shown
    assert AnnotationEvent.objects.filter(kind="checked").count() == 1
    assert not Disagreement.objects.exists()


def test_what_cannot_be_decided_is_refused_in_words() -> None:
    item = low()
    desk = Lists(item.project)
    stranger = low()

    desk.post("low-confidence", stranger)
    assert desk.answer.status_code == 404
    assert "There is no such item in this project." in desk.answer.content.decode()
    desk.get("nothing-of-the-kind")
    assert desk.answer.status_code == 404
    assert not Disagreement.objects.exists()


@pytest.mark.parametrize("role", ["annotator", "engineer"])
def test_only_experts_and_managers_see_the_lists(role: str) -> None:
    project = make.project()
    client = browser(make.member(project, role).user)

    for which in LISTS:
        path = f"/projects/{project.slug}/disagreements/{which}/"
        assert client.get(path).status_code == 403
        assert client.post(path, {"item": 1}).status_code == 403


def test_a_list_asks_the_same_few_questions_for_any_number_and_has_pages() -> None:
    project = make.project(overlap=3, min_votes=3, confidence=0.6)
    people = [make.member(project) for _ in range(3)]
    desk = Lists(project)

    def more(count: int) -> None:
        make.items(project, count)
        for who, label in zip(people, "xxy", strict=True):
            for lent in make.lease(who, count):
                make.vote(who, lent, label)
        settled(project, "x", "x", "y")
        rows = [(pk, "y", 0.95) for pk in Item.objects.values_list("pk", flat=True)]
        predictions.publish(project.pk, 1, rows, trained_on=set())
        for item in make.items(project, count):
            AnnotationEvent.objects.create(
                project=project, item=item, kind="flagged", at=item.created_at
            )
            Item.objects.filter(pk=item.pk).update(flags=1, state="invalid")

    counts = []
    for size in (3, 27):
        more(size)
        for which in LISTS:
            with CaptureQueriesContext(connection) as asked:
                desk.get(which)
            counts.append(len(asked))

    assert counts[:3] == counts[3:]
    assert max(counts) <= 13
    for which in LISTS:
        assert desk.get(which).count('value="take"') == 25
        more = desk.answer.context["listing"].more
        second = flat(desk.client.get(f"{desk.path}{which}/{more}").content)
        assert 1 <= second.count('value="take"') < 25
