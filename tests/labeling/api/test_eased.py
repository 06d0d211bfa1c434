"""What is not written as the schema says, and was always accepted, still is."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.http import QueryDict

from activelearn.api.wire.training.runs import TrainingBody
from labeling.api.http.bodies import body_of, query_of
from labeling.api.http.fields import Body
from labeling.api.wire import experts, queue, votes
from labeling.api.wire.projects import members, projects
from labeling.api.wire.projects.items import DeletedItemsQuery, ItemsQuery
from labeling.api.wire.transfer.exports import ExportQuery
from labeling.errors import InvalidInputError
from labeling.models import Annotation, Assignment, Item, Membership, Project
from tests import make

CLIENT_ID = uuid.UUID("0b9f3f0e-6a9c-4d07-9f43-0c4c6a1d6a51")
VOTE: dict[str, Any] = {"assignment": 1, "client_id": str(CLIENT_ID), "labels": ["x"]}


def faults(value: object, kind: type[Body]) -> Any:
    with pytest.raises(InvalidInputError) as refused:
        body_of(value, kind)
    return refused.value.extra["errors"]


SETTINGS = [
    ({"overlap": "3"}, {"overlap": 3}),
    ({"overlap": "3.0"}, {"overlap": 3}),
    ({"lease_minutes": 30.0}, {"lease_minutes": 30}),
    ({"is_paused": "true"}, {"is_paused": True}),
    ({"is_paused": "off"}, {"is_paused": False}),
    ({"is_paused": 1}, {"is_paused": True}),
    ({"exploration_rate": "0.2"}, {"exploration_rate": 0.2}),
]


@pytest.mark.parametrize(("sent", "read"), SETTINGS)
def test_settings_may_be_in_quotes(sent: Any, read: Any) -> None:
    new = {"name": "a", "data_type": "text", "labels": [{"name": "x"}], **sent}

    assert projects.settings_in(body_of(sent, projects.PolicyChange)) == read
    assert projects.settings_in(body_of(new, projects.ProjectBody)) == read


def test_what_is_in_quotes_has_the_same_limits() -> None:
    wrong = {"overlap": "0", "is_paused": "perhaps", "lease_minutes": 30.5}

    assert faults(wrong, projects.PolicyChange) == faults(
        {"overlap": 0, "is_paused": "perhaps", "lease_minutes": "x"},
        projects.PolicyChange,
    )


def test_a_member_is_changed_by_values_in_quotes() -> None:
    change = body_of({"quota": "5", "is_paused": "true"}, members.MemberChange)

    assert (change.quota, change.is_paused) == (5, True)
    assert body_of({"quota": None}, members.MemberChange).quota is None
    assert faults({"quota": "null"}, members.MemberChange).keys() == {"quota"}


def test_only_bodies_that_say_so_take_numbers_in_quotes() -> None:
    assert faults({"count": "3"}, queue.LeaseBody) == {"count": ["A whole number."]}
    assert faults({"days": 7.0}, members.InvitationBody) == {
        "days": ["A whole number."]
    }
    assert faults({**VOTE, "seconds": "3"}, votes.VoteBody).keys() == {"seconds"}
    assert faults({"precedent": "true"}, experts.ResolveBody).keys() == {"precedent"}


def test_a_labels_number_is_its_name() -> None:
    sent = {
        "name": 2026,
        "data_type": "text",
        "labels": [{"name": 7, "hotkey": 7}, {"name": "8"}],
    }

    body = body_of(sent, projects.ProjectBody)

    assert body.name == "2026"
    assert [(label.name, label.hotkey) for label in body.labels] == [
        ("7", "7"),
        ("8", ""),
    ]
    trimmed = body_of({**sent, "slug": " a-b "}, projects.ProjectBody)
    assert trimmed.slug == "a-b"
    nested = faults({**sent, "labels": [{"name": True}, 7]}, projects.ProjectBody)
    assert {place: label.keys() for place, label in nested["labels"].items()} == {
        "0": {"name"},
        "1": {"non_field_errors"},
    }


@pytest.mark.parametrize(
    "written",
    [f"{{{CLIENT_ID}}}", CLIENT_ID.urn, CLIENT_ID.hex, str(CLIENT_ID).upper()],
)
def test_a_client_id_may_be_written_in_any_way(written: str) -> None:
    assert votes.vote_of({**VOTE, "client_id": written}).client_id == CLIENT_ID


@pytest.mark.parametrize("written", ["", "{}", "urn:uuid:", 5, None, [str(CLIENT_ID)]])
def test_a_client_id_must_be_a_uuid(written: object) -> None:
    assert faults({**VOTE, "client_id": written}, votes.VoteBody) == {
        "client_id": ["A UUID that you make for this answer."]
    }


@pytest.mark.parametrize("sent", [1, 0, "true", "", [], {}, None, False])
def test_only_true_is_unsure(sent: object) -> None:
    edit = body_of({"is_unsure": sent}, votes.EditBody)

    assert votes.vote_of({**VOTE, "is_unsure": sent}).is_unsure is False
    assert not edit.is_unsure
    assert votes.vote_of({**VOTE, "is_unsure": True}).is_unsure is True


@pytest.mark.parametrize("nothing", [0, 0.0, False, [], {}, "", None])
def test_what_is_false_stands_for_no_text(nothing: object) -> None:
    vote = votes.vote_of({**VOTE, "comment": nothing, "screen": nothing})

    assert (vote.comment, vote.screen) == ("", "")
    assert not body_of({"comment": nothing}, votes.EditBody).comment
    for kind in (
        queue.SkipBody,
        queue.FlagBody,
        experts.ResolveBody,
        experts.QuestionBody,
        experts.ReplyBody,
        members.MemberBody,
        members.InvitationBody,
        TrainingBody,
    ):
        sent = dict.fromkeys(kind.or_nothing, nothing)
        assert isinstance(body_of(sent, kind), kind)
        assert faults(dict.fromkeys(kind.or_nothing, 7), kind).keys() == kind.or_nothing


def test_one_label_is_blamed_as_the_list_that_it_stands_for() -> None:
    only = {name: VOTE[name] for name in ("assignment", "client_id")}
    why = {"labels": ["A list of at most 1000 names."]}

    assert faults({**only, "label": 5}, votes.VoteBody) == why
    assert faults({**only, "label": ["x"]}, experts.DecisionBody) == why
    assert votes.vote_of({**VOTE, "label": 5}).labels == ("x",)
    assert votes.vote_of({**only, "label": "y", "comment": 0}).labels == ("y",)


def test_an_expected_number_may_begin_with_a_zero() -> None:
    assert query_of(QueryDict("expect=01"), DeletedItemsQuery).expect == 1
    for wrong in ("٣", "0x1", "1" * 16, "-1", "null"):
        with pytest.raises(InvalidInputError) as refused:
            query_of(QueryDict(f"expect={wrong}"), DeletedItemsQuery)
        assert refused.value.extra == {"errors": {"expect": ["A whole number."]}}


def test_a_confidence_may_be_written_as_python_reads_it() -> None:
    assert query_of(QueryDict("confidence_lt=.5"), ItemsQuery).confidence_lt == 0.5
    blank = query_of(QueryDict("confidence_lt=%200.5%20"), ItemsQuery)
    assert blank.confidence_lt == 0.5
    for wrong in ("nan", "%20", "0 .5", "1.5", "x", ".5.", "inf"):
        with pytest.raises(InvalidInputError) as refused:
            query_of(QueryDict(f"confidence_lt={wrong}"), ItemsQuery)
        why = {"confidence_lt": ["A number from 0 to 1."]}
        assert refused.value.extra == {"errors": why}


def test_an_export_without_a_format_is_not_one_with_an_empty_one() -> None:
    assert query_of(QueryDict("split=&state="), ExportQuery).filters() == {}
    with pytest.raises(InvalidInputError) as refused:
        query_of(QueryDict("format="), ExportQuery)
    assert refused.value.extra == {
        "errors": {
            "format": [
                "One of jsonl, csv, parquet, label_studio, label_studio_min, doccano, doccano_csv, prodigy, argilla, huggingface, huggingface_folder, cvat, coco."
            ]
        }
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("queue/lease/", {"count": 99}, {"count": ["From 1 to 50."]}),
        ("queue/grid/", {"count": 0}, {"count": ["From 1 to 50."]}),
        (
            "invitations/",
            {"days": 31, "uses": 0},
            {
                "days": ["From 1 to 30."],
                "uses": ["From 1 to 10,000, or nothing: no limit."],
            },
        ),
    ],
)
def test_a_number_beyond_its_limits_is_told_them(
    path: str, body: Any, told: Any
) -> None:
    boss = make.user(manager=True)
    project = make.project(manager=boss, suggestion_mode="assist")

    refused = make.Caller(boss)("post", f"projects/{project.slug}/{path}", body)

    assert (refused.status_code, refused.json()["errors"]) == (400, told)


KEPT: list[tuple[Any, Any]] = [
    (
        {"label": "x", "confidence": None},
        {"label": "x", "labels": ["x"], "confidence": None},
    ),
    ({"label": "x"}, {"label": "x", "labels": ["x"]}),
    (
        {"confidence": 0.5, "model": None},
        {"label": "", "labels": [], "confidence": 0.5},
    ),
]


def lent(mode: str, kept: Any) -> tuple[Project, Membership, Assignment]:
    """Return a lease of an item of which the queue keeps this suggestion."""
    project = make.project(suggestion_mode=mode, overlap=1)
    item = make.item(project)
    make.suggestible(project, [item])
    make.ranked(project, [item])
    person = make.member(project)
    (assignment,) = make.lease(person)
    Assignment.objects.update(suggestion=kept, reason="model", slot=0)
    return project, person, assignment


@pytest.mark.django_db
@pytest.mark.parametrize(("kept", "shown"), KEPT)
def test_a_suggestion_that_lacks_something_is_shown_as_it_is(
    kept: Any, shown: Any
) -> None:
    project, person, _ = lent("assist", kept)

    answer = make.Caller(person.user)("post", f"projects/{project.slug}/queue/lease/")

    assert answer.status_code == 200, answer.content
    assert answer.json()["items"][0]["suggestion"] == shown


@pytest.mark.django_db
@pytest.mark.parametrize(("kept", "shown"), KEPT)
def test_a_suggestion_that_lacks_something_is_revealed(kept: Any, shown: Any) -> None:
    project, person, assignment = lent("reveal_after", kept)
    body = {**VOTE, "assignment": assignment.pk}

    answer = make.Caller(person.user)(
        "post", f"projects/{project.slug}/annotations/", body
    )

    assert answer.status_code == 201, answer.content
    assert answer.json()["revealed"] == shown


@pytest.mark.parametrize(("kept", "shown"), KEPT)
def test_experts_see_a_suggestion_that_lacks_something(kept: Any, shown: Any) -> None:
    vote = dict.fromkeys(experts.PastVote.__struct_fields__)

    past = experts.past_vote_of({**vote, "suggestion_shown": kept})

    assert past.suggestion_shown == queue.suggestion_of(kept)
    assert past.suggestion_shown is not None
    assert past.suggestion_shown.label == shown["label"]
    assert experts.past_vote_of(vote).suggestion_shown is None


@pytest.mark.django_db
def test_in_a_batch_each_outcome_names_its_vote() -> None:
    project = make.project(overlap=1)
    make.items(project, 1)
    person = make.member(project)
    (assignment,) = make.lease(person)
    good = {**VOTE, "assignment": assignment.pk, "client_id": CLIENT_ID.urn}

    answer = make.Caller(person.user)(
        "post", f"projects/{project.slug}/annotations/", [good, {"client_id": 5}]
    )

    told = [
        (result["client_id"], result["status"]) for result in answer.json()["results"]
    ]
    assert told == [(CLIENT_ID.urn, 201), (None, 400)]
    assert Annotation.votes.get().client_id == CLIENT_ID
    assert Item.objects.get().votes == 1
