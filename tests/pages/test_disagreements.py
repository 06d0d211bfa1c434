"""The experts' page and its calls: each step in words, nothing decided unseen."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from labeling.models import AnnotationEvent, Disagreement, Resolution
from labeling.services.experts import adjudicate, precedents
from labeling.services.experts.decisions import Decision
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts, text
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


class Desk:
    """An expert at the page."""

    def __init__(self, disagreement: Disagreement) -> None:
        (self.member,) = experts(disagreement.project, 1)
        self.client: Client = browser(self.member.user)
        self.path = f"/projects/{disagreement.project.slug}/disagreements/"

    def post(self, disagreement: Disagreement, **form: Any) -> str:
        self.answer = self.client.post(
            self.path, {"id": disagreement.pk, **form}, follow=True
        )
        return self.answer.content.decode()

    def seen(self, disagreement: Disagreement) -> str:
        """Answer blind, so that the votes are in view."""
        return self.post(disagreement, step="blind", label="x")


def test_the_votes_are_shown_after_the_own_answer_only() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)

    before = desk.client.get(desk.path).content.decode()
    after = desk.seen(disagreement)

    assert "<small>A1" not in before
    assert "Make it an example" not in before
    assert "<small>A1" in after
    assert "Your own first answer: x." in after


def test_a_form_sent_twice_before_the_votes_decides_nothing() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)

    desk.seen(disagreement)
    desk.seen(disagreement)
    desk.post(disagreement, step="final", do="stay")

    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None


def test_a_decision_with_its_note_and_example() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)
    desk.seen(disagreement)

    shown = desk.post(
        disagreement, step="final", label="y", note="the tail", precedent="yes"
    )

    assert "Decided:" in shown
    disagreement.refresh_from_db()
    assert (disagreement.note, disagreement.resolved_by) == (
        "the tail",
        desk.member.user,
    )
    assert precedents.shown(disagreement.project).get().resolution.labels == ["y"]


@pytest.mark.parametrize(("outcome", "labels"), [("ambiguous", ["x"]), ("invalid", [])])
def test_an_item_is_ambiguous_or_not_valid_in_both_steps(
    outcome: str, labels: list[str]
) -> None:
    disagreement = dispute(make.project(overlap=3), ("x",), ("x",), ("y",))
    desk = Desk(disagreement)

    assert "truly ambiguous" in desk.post(
        disagreement, step="blind", outcome="ambiguous"
    )
    desk.post(disagreement, step="final", outcome=outcome)

    disagreement.refresh_from_db()
    assert disagreement.outcome == outcome
    current = Resolution.objects.filter(item=disagreement.item, superseded_at=None)
    assert [resolution.labels for resolution in current] == ([labels] if labels else [])


def test_the_majority_that_was_shown_is_accepted() -> None:
    disagreement = dispute(make.project(overlap=3), ("y",), ("x",), ("y",))
    desk = Desk(disagreement)

    shown = desk.seen(disagreement)
    assert "[&quot;y&quot;]" in shown
    desk.post(disagreement, step="final", majority='["y"]')

    assert Resolution.objects.get(superseded_at=None).labels == ["y"]


def test_even_votes_have_no_majority_and_a_made_up_one_is_refused() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)

    assert "the votes are even" in desk.seen(disagreement)
    for made_up in ("x", "[1]", '["nothing of the kind"]', "{"):
        desk.post(disagreement, step="final", majority=made_up)
        assert desk.answer.status_code == 400


def test_several_labels_are_ticked() -> None:
    project = make.project(labels=("a", "b", "c"), task_type="multi", overlap=2)
    disagreement = dispute(project, ("a",), ("b",))
    desk = Desk(disagreement)

    assert "The votes differ on" not in desk.seen(disagreement)
    desk.post(disagreement, step="blind", label=["a", "c"], outcome="resolved")
    shown = desk.seen(disagreement)
    assert "The votes differ on:" in shown
    assert shown.count("1 of 2") == 2
    desk.post(disagreement, step="final", label=["b", "c"], outcome="resolved")

    assert disagreement.blind_labels.get().labels == ["a", "c"]
    assert Resolution.objects.get(superseded_at=None).labels == ["b", "c"]


def test_a_stale_form_tells_the_other_expert_s_answer_and_goes_on() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)
    desk.seen(disagreement)
    (other,) = experts(disagreement.project, 1)
    adjudicate.resolve(other, disagreement.pk, Decision(("x",)))

    shown = desk.post(disagreement, step="final", label="y")

    assert desk.answer.status_code == 409
    assert "Another expert resolved it meanwhile (x)" in shown
    assert "Go on with the next one" in shown
    assert AnnotationEvent.objects.get(kind="late").payload["labels"] == ["y"]


def test_later_puts_it_last_and_undo_brings_the_last_decision_back() -> None:
    project = make.project(overlap=2)
    first, second = dispute(project), dispute(project)
    desk = Desk(first)

    assert second.item.data["text"] in desk.post(first, do="defer")
    desk.seen(second)
    desk.post(second, step="final", label="x")
    shown = desk.post(second, do="undo")

    assert second.item.data["text"] in shown
    second.refresh_from_db()
    assert second.resolved_at is None
    desk.post(second, do="undo")
    assert desk.answer.status_code == 409


def test_undo_is_refused_in_words_where_a_training_run_has_used_it() -> None:
    disagreement = dispute(make.project(overlap=2))
    desk = Desk(disagreement)
    desk.seen(disagreement)
    desk.post(disagreement, step="final", label="x")
    Resolution.objects.update(used_at="2026-01-02T03:04Z")

    assert "A training run has used this label" in desk.post(disagreement, do="undo")
    assert desk.answer.status_code == 409


def test_a_held_out_item_says_why_it_is_no_example() -> None:
    disagreement = dispute(make.project(overlap=2), split="evaluation")
    desk = Desk(disagreement)

    assert "must stay unseen" in desk.seen(disagreement)
    desk.post(disagreement, step="final", label="x", precedent="yes", note="kept text")

    assert desk.answer.status_code == 400
    assert b"kept text" in desk.answer.content
    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None


def test_others_like_it_are_settled_at_once_or_afterwards() -> None:
    project = make.project(overlap=2)
    disagreement, two, three = (
        dispute(project, **text(f"charged twice and pending {n}")) for n in range(3)
    )
    held = dispute(project, **text("charged twice and pending 4"), split="evaluation")
    desk = Desk(disagreement)

    assert "held out" in desk.seen(disagreement)
    shown = desk.post(disagreement, step="final", label="x", also=[two.pk, 0])
    assert "1 other was settled together with it." in shown
    assert "1 other is like it" in shown
    assert f'name="also" value="{held.pk}"' not in shown
    shown = desk.post(disagreement, do="like", also=[three.pk])

    assert "1 other was settled" in shown
    settled = Disagreement.objects.filter(resolved_by=desk.member.user)
    assert set(settled) == {disagreement, two, three}
    held.refresh_from_db()
    assert held.resolved_at is None


def test_nothing_of_another_project_is_reached() -> None:
    stranger = dispute(make.project(overlap=2))
    desk = Desk(dispute(make.project(overlap=2)))

    for form in ({"step": "blind", "label": "x"}, {"do": "defer"}, {"do": "undo"}):
        desk.post(stranger, **form)
        assert desk.answer.status_code == 404
    shown = desk.client.get(f"{desk.path}?id={stranger.pk}&after={stranger.pk}")
    assert stranger.item.data["text"] not in shown.content.decode()
    assert not stranger.blind_labels.exists()


def test_the_page_asks_the_same_few_questions_for_any_number() -> None:
    project = make.project(overlap=2)
    disagreement = dispute(project, **text("charged twice 0"))
    desk = Desk(disagreement)
    desk.seen(disagreement)
    counts = []
    for size in (2, 6):
        for number in range(size):
            dispute(project, **text(f"charged twice {size}{number}"))
        with CaptureQueriesContext(connection) as asked:
            desk.client.get(desk.path)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 24


def test_by_the_api_others_are_listed_and_settled_likewise() -> None:
    project = make.project(overlap=2)
    disagreement, two = (
        dispute(project, **text(f"charged twice {n}")) for n in range(2)
    )
    (expert,) = experts(project, 1)
    call = make.Caller(expert.user)
    path = f"projects/{project.slug}/disagreements/{disagreement.pk}"

    (near,) = call("get", f"{path}/similar/").json()["results"]
    assert (near["id"], near["is_evaluation"]) == (two.pk, False)
    body = {"label": "x", "also": [two.pk, 2**52], "precedent": True}
    answer = call("post", f"{path}/resolve/", body).json()

    assert (answer["outcome"], answer["labels"]) == ("resolved", ["x"])
    assert [row["status"] for row in answer["also"]] == [200, 404]
    examples = call("get", f"projects/{project.slug}/precedents/").json()["results"]
    assert [example["labels"] for example in examples] == [["x"]]


@pytest.mark.parametrize(
    "body",
    [
        {"label": "x", "also": "all"},
        {"label": "x", "also": [True]},
        {"label": "x", "also": list(range(1, 200))},
        {"label": "x", "precedent": "maybe"},
        {"outcome": "withdrawn"},
        {},
    ],
)
def test_a_wrong_decision_is_refused_by_field(body: dict[str, object]) -> None:
    disagreement = dispute(make.project(overlap=2))
    (expert,) = experts(disagreement.project, 1)
    path = (
        f"projects/{disagreement.project.slug}/disagreements/{disagreement.pk}/resolve/"
    )

    answer = make.Caller(expert.user)("post", path, body)

    assert answer.status_code == 400
    assert answer.json()["errors"]
    disagreement.refresh_from_db()
    assert disagreement.resolved_at is None


def test_by_the_api_it_is_deferred_and_opened_again() -> None:
    disagreement = dispute(make.project(overlap=2))
    first, second = experts(disagreement.project, 2)
    call = make.Caller(first.user)
    path = f"projects/{disagreement.project.slug}/disagreements/{disagreement.pk}"

    assert call("post", f"{path}/blind/", {"outcome": "invalid"}).status_code == 200
    assert call("post", f"{path}/defer/").status_code == 200
    assert call("post", f"{path}/resolve/", {"label": "x"}).status_code == 200
    late = make.Caller(second.user)("post", f"{path}/resolve/", {"label": "y"})
    assert (late.status_code, late.json()["labels"]) == (409, ["x"])
    assert late.json()["code"] == "resolved_meanwhile"
    assert make.Caller(second.user)("post", f"{path}/reopen/").status_code == 403
    assert call("post", f"{path}/reopen/").json()["id"] == disagreement.pk
    assert call("post", f"{path}/reopen/").status_code == 409


@pytest.mark.parametrize("role", ["annotator", "engineer"])
def test_s15_only_experts_and_managers_decide(role: str) -> None:
    disagreement = dispute(make.project(overlap=2))
    who = make.member(disagreement.project, role).user
    call = make.Caller(who)
    path = f"projects/{disagreement.project.slug}/disagreements/{disagreement.pk}"

    assert call("get", f"{path}/similar/").status_code == 403
    for act in ("blind", "resolve", "defer", "reopen"):
        assert call("post", f"{path}/{act}/", {"label": "x"}).status_code == 403
    page = f"/projects/{disagreement.project.slug}/disagreements/"
    assert browser(who).get(page).status_code == 403
