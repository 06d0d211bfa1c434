"""By the API: the experts' lists without their labels, and questions both ways."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling.models import (
    AnnotationEvent,
    Disagreement,
    Inquiry,
    Item,
    Prediction,
    Project,
    Resolution,
)
from labeling.services.experts import blind, doubts, inquiries
from labeling.services.votes import settle
from tests import make
from tests.labeling.experts.test_adjudicate import dispute, experts, kinds
from tests.labeling.experts.test_doubts import flag, low, say
from tests.labeling.experts.test_inquiries import seen, voters

pytestmark = pytest.mark.django_db

LISTS = ("low-confidence", "flagged", "suspects")


class Desk:
    """A program of a member, an expert unless told otherwise, at a project."""

    def __init__(self, of: Project, call: make.Caller | None = None) -> None:
        self.call = call or make.Caller(experts(of, 1)[0].user)
        self.path = f"projects/{of.slug}/"

    def get(self, path: str) -> Any:
        return self.call("get", self.path + path)

    def post(self, path: str, body: object = None) -> Any:
        return self.call("post", self.path + path, body)

    def pages(self, path: str, way: str = "next") -> Iterator[Any]:
        """Follow the links of a list."""
        for _ in range(20):
            page = self.get(path).json()
            yield page
            if page[way] is None:
                return
            path = page[way].partition(self.path)[2]
        pytest.fail("the list has no end")


def doubted(shares: list[float]) -> Project:
    """A project with so many items in each of the lists, the least sure last."""
    project = make.project()
    items = make.items(project, len(shares))
    who = make.member(project)
    for lent in make.lease(who, len(shares)):
        make.vote(who, lent, "x")
    settle.settle_project(project.pk)
    say(items, "y")
    for item, share in zip(items, shares, strict=True):
        Resolution.objects.filter(item=item).update(confidence=share / 2)
        Prediction.objects.filter(item=item).update(confidence=share)
        AnnotationEvent.objects.create(
            project=project, item=item, kind="flagged", at=item.created_at
        )
    Item.objects.filter(project=project).update(flags=1)
    return project


def ids(*pages: Any) -> list[int]:
    return [row["item"]["id"] for page in pages for row in page["results"]]


@pytest.mark.parametrize("which", LISTS)
@pytest.mark.parametrize("shares", [[0.95] * 7, [0.95, 0.96, 0.94, 0.96, 0.95]])
def test_page_by_page_a_list_has_the_order_of_the_page(
    which: str, shares: list[float]
) -> None:
    project = doubted(shares)
    desk = Desk(project)
    rows = doubts.LISTS[doubts.named(which)](project)
    shown = [getattr(row, "item_id", row.pk) for row in rows]

    there = list(desk.pages(f"doubts/{which}/?limit=2"))
    last = there[-1]["previous"].partition(desk.path)[2]
    back = list(desk.pages(last, "previous"))

    assert ids(*there) == shown
    assert len(shown) == len(shares)
    assert back[::-1] == [{**page, **links(page, back)} for page in there[:-1]]


def links(page: Any, among: list[Any]) -> dict[str, Any]:
    (same,) = (other for other in among if ids(other) == ids(page))
    return {way: same[way] for way in ("next", "previous")}


def test_neither_the_rows_nor_the_cursor_tell_what_experts_must_not_know() -> None:
    project = doubted([0.95, 0.96, 0.97])
    desk = Desk(project)

    for which in LISTS:
        (first, *_) = desk.pages(f"doubts/{which}/?limit=1")
        query = parse_qs(urlsplit(first["next"]).query)
        (row,) = first["results"]
        flags = {"flags"} if which == "flagged" else set()
        assert set(row) == {"item", "is_evaluation", *flags}
        keys = {"id", "external_id", "data", "media_url", "metadata"}
        assert set(row["item"]) == keys
        assert base64.b64decode(query["cursor"][0]).startswith(b"p=")
        assert b"." not in base64.b64decode(query["cursor"][0])


def test_a_row_that_was_taken_up_meanwhile_still_says_where_the_next_page_begins() -> (
    None
):
    project = doubted([0.94, 0.95, 0.95, 0.95, 0.96])
    desk = Desk(project)
    pages = desk.pages("doubts/suspects/?limit=2")
    first = next(pages)

    for item_id in ids(first):
        desk.post("doubts/suspects/", {"item": item_id})

    assert len({*ids(first), *ids(*pages)}) == 5


def test_more_open_disagreements_of_one_entropy_than_an_offset_can_tell() -> None:
    project = make.project(overlap=2)
    items = make.items(project, 1003)
    Disagreement.objects.bulk_create(
        Disagreement(
            project=project, item=item, entropy=0.69, opened_at=item.created_at
        )
        for item in items
    )

    pages = Desk(project).pages("disagreements/?limit=250")

    assert ids(*pages) == [item.pk for item in items]


@pytest.mark.parametrize(
    "position",
    ["p=x", "p=0.95", "p=-1", "p=9", f"p={'9' * 5000}", "r=2&p=9", "o=5&p=9", "p=٣"],
)
@pytest.mark.parametrize("path", ["doubts/suspects/", "inquiries/"])
def test_a_made_up_cursor_is_refused_or_leads_nowhere(path: str, position: str) -> None:
    cursor = base64.b64encode(position.encode()).decode()

    answer = Desk(make.project()).get(f"{path}?cursor={cursor}")

    if (path, position) == ("inquiries/", "p=9"):
        assert answer.json()["results"] == []
    else:
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_cursor_of_another_project_tells_nothing_of_it() -> None:
    other = Resolution.objects.get(item=low())
    cursor = base64.b64encode(f"p={other.pk}".encode()).decode()

    answer = Desk(low().project).get(f"doubts/low-confidence/?cursor={cursor}")

    assert answer.status_code == 404


def test_lists_cost_the_same_number_of_queries_however_long() -> None:
    counts = []
    for size in (2, 12):
        desk = Desk(doubted([0.95] * size))
        for which in LISTS:
            with CaptureQueriesContext(connection) as asked:
                page = desk.get(f"doubts/{which}/").json()
            assert len(page["results"]) == size
            counts.append(len(asked))

    assert counts[:3] == counts[3:]
    assert max(counts) <= 4


def test_what_is_taken_up_is_a_disagreement_and_leaves_the_list() -> None:
    item = low()
    desk = Desk(item.project)

    first = desk.post("doubts/low-confidence/", {"item": item.pk})
    again = desk.post("doubts/low-confidence/", {"item": item.pk})

    (listed,) = desk.get("disagreements/").json()["results"]
    assert (first.status_code, first.json()) == (200, listed)
    assert again.json() == listed
    assert listed["item"]["id"] == item.pk
    assert Disagreement.objects.get().origin == "low"
    assert desk.get("doubts/low-confidence/").json()["results"] == []


def test_flags_are_told_and_checked() -> None:
    item = make.item(make.project())
    flag(item, "cut off")
    desk = Desk(item.project)
    (row,) = desk.get("doubts/flagged/").json()["results"]
    assert [flag["comment"] for flag in row["flags"]] == ["cut off"]

    answer = desk.post("doubts/flagged/check/", {"item": item.pk})

    assert (answer.status_code, answer.json()) == (200, {"item": item.pk})
    assert desk.get("doubts/flagged/").json()["results"] == []
    assert kinds(item) == ["flagged", "checked"]


def test_who_voted_is_asked_and_answers_seeing_their_own_vote_only() -> None:
    disagreement, expert = seen()
    desk = Desk(disagreement.project, make.Caller(expert.user))
    first, second = voters(disagreement)

    asked = desk.post(f"disagreements/{disagreement.pk}/ask/", {"question": " Why? "})
    assert (asked.status_code, asked.json()) == (200, {"asked": 2})
    theirs = Desk(disagreement.project, make.Caller(second.user))
    answer = theirs.get("inquiries/")
    (row,) = answer.json()["results"]
    assert set(row) == {"id", "item", "labels", "question", "asked_at"}
    assert (row["question"], row["labels"]) == ("Why?", ["y"])
    for person in (first, expert):
        assert person.user.username not in answer.content.decode()
    said = theirs.post(f"inquiries/{row['id']}/answer/", {"answer": "So."})

    assert said.status_code == 200
    assert (said.json()["id"], said.json()["answer"]) == (row["id"], "So.")
    assert theirs.get("inquiries/").json()["results"] == []
    told = inquiries.of(disagreement)
    assert told is not None
    assert told.answers == [("A2", "So.")]


def test_a_question_about_a_vote_that_was_taken_back_shows_none() -> None:
    disagreement, expert = seen()
    inquiries.ask(expert, disagreement.pk, "Why?")
    disagreement.item.annotations.update(undone_at=disagreement.opened_at)

    desk = Desk(disagreement.project, make.Caller(voters_of(disagreement)[0].annotator))

    assert desk.get("inquiries/").json()["results"][0]["labels"] is None


def voters_of(disagreement: Disagreement) -> list[Inquiry]:
    return list(Inquiry.objects.filter(disagreement=disagreement).order_by("pk"))


def test_questions_come_oldest_first_in_the_same_few_queries() -> None:
    project = make.project(overlap=2)
    (expert,) = experts(project, 1)
    people = [make.member(project) for _ in range(2)]
    desk = Desk(project, make.Caller(people[0].user))
    counts, rows = [], []

    for size in (1, 4):
        make.items(project, size)
        for who, label in zip(people, "xy", strict=True):
            for lent in make.lease(who, size):
                make.vote(who, lent, label)
        settle.settle_project(project.pk)
        for disagreement in Disagreement.objects.filter(inquiries=None):
            blind.label_blind(expert, disagreement.pk, ("x",))
            inquiries.ask(expert, disagreement.pk, "Why?")
        with CaptureQueriesContext(connection) as taken:
            rows = desk.get("inquiries/").json()["results"]
        counts.append(len(taken))

    assert len(rows) == 5
    assert rows == sorted(rows, key=lambda row: row["id"])
    assert rows == [
        row for page in desk.pages("inquiries/?limit=2") for row in page["results"]
    ]
    assert counts[0] == counts[1]


ITEM = ("doubts/suspects/", "doubts/flagged/check/")
IDS: list[object] = [None, True, "1", 1.5, 0, -1, [1], {}]
BAD: list[object] = [None, [], {}, "text", *({"item": pk} for pk in IDS)]


@pytest.mark.parametrize("path", ITEM)
@pytest.mark.parametrize("body", BAD)
def test_what_names_no_item_is_refused(path: str, body: object) -> None:
    answer = Desk(make.project()).post(path, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("words", [None, "", " \n", 7, [], {}, "x" * 2001])
def test_what_is_not_in_words_is_refused_by_field(words: object) -> None:
    disagreement, expert = seen()
    desk = Desk(disagreement.project, make.Caller(expert.user))
    refused = desk.post(f"disagreements/{disagreement.pk}/ask/", {"question": words})
    inquiries.ask(expert, disagreement.pk, "Why?")
    voter = voters_of(disagreement)[0]

    theirs = Desk(disagreement.project, make.Caller(voter.annotator))
    answer = theirs.post(f"inquiries/{voter.pk}/answer/", {"answer": words})

    assert (refused.status_code, set(refused.json()["errors"])) == (400, {"question"})
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"answer"})


def test_nothing_of_another_project_or_person_and_no_other_list_is_there() -> None:
    item, (disagreement, expert) = low(), seen()
    inquiries.ask(expert, disagreement.pk, "Why?")
    (asked, _) = voters_of(disagreement)
    desk = Desk(make.project())
    calls: list[tuple[str, object]] = [
        *((path, {"item": item.pk}) for path in ITEM),
        ("doubts/votes/", {"item": item.pk}),
        (f"disagreements/{disagreement.pk}/ask/", {"question": "Why?"}),
        (f"inquiries/{asked.pk}/answer/", {"answer": "So."}),
    ]

    refused = [desk.post(path, body) for path, body in calls]
    refused += [desk.get(f"doubts/{name}/") for name in ("votes", "low", "x" * 300)]
    expert_s = Desk(disagreement.project, make.Caller(expert.user))
    refused.append(expert_s.post(f"inquiries/{asked.pk}/answer/", {"answer": "So."}))

    for answer in refused:
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Inquiry.objects.exclude(answer="").exists()


@pytest.mark.parametrize("role", ["annotator", "engineer"])
def test_s15_only_experts_and_managers_see_the_lists_and_ask(role: str) -> None:
    disagreement = dispute(make.project(overlap=2))
    call = make.Caller(make.member(disagreement.project, role).user)
    desk = Desk(disagreement.project, call)

    refused = [desk.get(f"doubts/{which}/") for which in LISTS]
    refused += [
        desk.post(path, {"item": disagreement.item_id})
        for path in ("doubts/flagged/", "doubts/flagged/check/")
    ]
    refused.append(
        desk.post(f"disagreements/{disagreement.pk}/ask/", {"question": "Why?"})
    )

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert desk.get("inquiries/").json()["results"] == []
