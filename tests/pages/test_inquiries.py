"""Ask back by page: plain words both ways, and nobody sees another's vote."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import Disagreement, Inquiry, Membership
from labeling.services.experts import blind, inquiries
from labeling.services.votes import settle
from tests import make
from tests.labeling.experts.test_adjudicate import dispute
from tests.labeling.experts.test_inquiries import seen, voters
from tests.pages.html import flat
from tests.pages.test_disagreements import Desk
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def asked() -> tuple[Desk, Disagreement]:
    labels = ("first label", "second label")
    disagreement = dispute(
        make.project(labels=labels, overlap=2), *((label,) for label in labels)
    )
    desk = Desk(disagreement)
    assert "Ask back" not in desk.client.get(desk.path).content.decode()
    desk.post(disagreement, step="blind", label="first label")
    shown = desk.post(disagreement, do="ask", question="Is <b>this</b> it?")
    assert "2 people were asked." in shown
    return desk, disagreement


def test_a_question_and_its_answer_are_shown_as_plain_words() -> None:
    desk, disagreement = asked()
    who = voters(disagreement)[1].user
    path = f"/projects/{disagreement.project.slug}/my-work/"
    client = browser(who)

    shown = flat(client.get(path).content)
    assert "Is &lt;b&gt;this&lt;/b&gt; it?" in shown
    assert "your answer: second label" in shown
    assert "first label" not in shown
    inquiry = Inquiry.objects.get(annotator=who)
    body = {"inquiry": inquiry.pk, "answer": "<i>No</i>"}
    shown = client.post(path, body, follow=True).content.decode()
    assert "Your answer is sent." in shown
    assert "Questions to you" not in shown

    shown = flat(desk.client.get(desk.path).content)
    assert "“Is &lt;b&gt;this&lt;/b&gt; it?”" in shown
    assert "&lt;i&gt;No&lt;/i&gt;" in shown
    assert "1 has not answered yet" in shown
    assert 'value="ask"' not in shown


def test_the_answers_are_not_shown_to_an_expert_who_has_not_answered_blind() -> None:
    _, disagreement = asked()
    inquiry = Inquiry.objects.filter(disagreement=disagreement).earliest("pk")
    Inquiry.objects.filter(pk=inquiry.pk).update(
        answer="a telling word", answered_at=inquiry.asked_at
    )
    other = Desk(disagreement)

    assert "a telling word" not in other.client.get(other.path).content.decode()
    shown = other.post(disagreement, step="blind", label="first label")
    assert "a telling word" in shown


def test_a_refused_answer_keeps_its_words_and_says_why() -> None:
    disagreement, expert = seen()
    inquiries.ask(expert, disagreement.pk, "Why?")
    who = voters(disagreement)[0].user
    inquiry = Inquiry.objects.get(annotator=who)
    client = browser(who)
    path = f"/projects/{disagreement.project.slug}/my-work/"

    long = client.post(path, {"inquiry": inquiry.pk, "answer": "kept " * 500})
    none = client.post(path, {"inquiry": inquiry.pk + 99, "answer": "So."})

    assert long.status_code == 400
    assert "At most 2000 letters." in long.content.decode()
    assert "kept kept" in long.content.decode()
    assert none.status_code == 404
    assert "There is no such question to you." in none.content.decode()


def test_a_refused_question_keeps_its_words() -> None:
    disagreement, expert = seen()
    client = browser(expert.user)
    path = f"/projects/{disagreement.project.slug}/disagreements/"

    shown = client.post(
        path, {"id": disagreement.pk, "do": "ask", "question": "kept " * 500}
    )

    assert shown.status_code == 400
    assert "kept kept" in shown.content.decode()
    assert not Inquiry.objects.exists()


@pytest.mark.parametrize("role", ["annotator", "engineer"])
def test_only_experts_and_managers_ask(role: str) -> None:
    disagreement = dispute(make.project(overlap=2))
    client = browser(make.member(disagreement.project, role).user)
    path = f"/projects/{disagreement.project.slug}/disagreements/"

    shown = client.post(path, {"id": disagreement.pk, "do": "ask", "question": "Why?"})

    assert shown.status_code == 403
    assert not Inquiry.objects.exists()


def test_any_number_of_questions_takes_the_same_queries_and_a_few_are_shown() -> None:
    disagreement, expert = seen()
    first, second = voters(disagreement)
    inquiries.ask(expert, disagreement.pk, "Why?")
    client = browser(first.user)
    path = f"/projects/{disagreement.project.slug}/my-work/"
    counts, shown = [], ""

    for more in (0, 12):
        for _ in range(more):
            item = make.item(disagreement.project)
            for who, label in ((first, "x"), (second, "y")):
                lent = next(
                    assignment
                    for assignment in make.lease(who, 9)
                    if assignment.item == item
                )
                make.vote(who, lent, label)
            settle.settle_project(disagreement.project_id)
            other = Disagreement.objects.get(item=item)
            blind.label_blind(expert, other.pk, ("x",))
            inquiries.ask(expert, other.pk, "Why?")
        with CaptureQueriesContext(connection) as taken:
            shown = client.get(path).content.decode()
        counts.append(len(taken))

    assert counts[0] == counts[1]
    assert shown.count('name="answer"') == 10


def test_the_bar_tells_whom_a_question_waits_for_and_nobody_else() -> None:
    disagreement, expert = seen()
    voted, bystander = voters(disagreement)[0], make.member(disagreement.project)

    def announced(who: Membership, page: str, language: str = "en") -> list[str]:
        path = f"/projects/{disagreement.project.slug}/{page}"
        shown = browser(who.user).get(path, headers={"Accept-Language": language})
        return re.findall(r'<span class="sr">\((.+?)\)</span>', flat(shown.content))

    inquiries.ask(expert, disagreement.pk, "Why?")

    for page in ("", "guideline/", "my-work/", "label/", "grid/"):
        assert announced(voted, page) == ["1 question waits for you"]
        assert announced(bystander, page) == announced(expert, page) == []
    assert announced(voted, "", "de") == ["1 Frage wartet auf Antwort"]
    assert announced(voted, "", "es") == ["1 pregunta espera respuesta"]
    inquiries.answer(voted, Inquiry.objects.get(annotator=voted.user).pk, "So.")
    assert announced(voted, "") == []


@pytest.mark.parametrize("page", ["guideline/", "label/", "grid/"])
def test_the_mark_costs_a_page_one_query(page: str) -> None:
    disagreement, expert = seen()
    inquiries.ask(expert, disagreement.pk, "Why?")
    client = browser(voters(disagreement)[0].user)

    with CaptureQueriesContext(connection) as taken:
        client.get(f"/projects/{disagreement.project.slug}/{page}")

    assert sum("labeling_inquiry" in query["sql"] for query in taken) == 1
