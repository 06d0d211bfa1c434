"""What becomes of labels and ids of a file: as the person who imports it says."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from labeling import queries
from labeling.errors import ConflictError, InvalidInputError
from labeling.models import (
    Annotation,
    Assignment,
    Gold,
    ImportRun,
    Item,
    Label,
    Membership,
    Project,
    Resolution,
    Upload,
)
from labeling.services.projects import label_sets
from labeling.services.queue import questions
from labeling.services.transfer import importing
from labeling.services.votes import change, settle
from labeling.services.votes import counts as counting
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import bring, lines
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    """Return new, filled in, known and refused; with them each row is counted once."""
    assert run.job.state == "done", run.job.error
    parts = (run.created, run.filled, run.duplicates, run.rejected)
    assert sum(parts) == run.received
    return parts


def answer(project: Project, name: str) -> list[str]:
    item = Item.objects.get(project=project, external_id=name)
    label = Resolution.objects.get(item=item, superseded_at=None)
    assert label.labels == Gold.objects.get(item=item).labels
    return label.labels


def known(label: str, text: str = "alpha", name: str = "k1") -> bytes:
    return f"external_id,text,label\n{name},{text},{label}\n".encode()


def test_c33_another_known_answer_stays_and_is_named_unless_it_is_taken() -> None:
    project = make.project(labels=["good", "bad"])
    bring(project, "a.csv", known("good"), labels_are="gold")

    kept = bring(project, "b.csv", known("bad"), labels_are="gold")
    assert counts(kept) == (0, 0, 0, 1)
    assert "good" in str(kept.refusals[0].reason)
    assert answer(project, "k1") == ["good"]

    taken = bring(
        project, "b.csv", known("bad"), labels_are="gold", known_answers="take"
    )
    assert counts(taken) == (0, 1, 0, 0)
    assert answer(project, "k1") == ["bad"]
    settle.settle_project(project.pk)
    assert answer(project, "k1") == ["bad"]
    item = Item.objects.get(project=project)
    assert (item.state, item.is_unsettled) == (Item.State.SETTLED, False)


def test_c33_the_same_answer_again_is_known() -> None:
    project = make.project(labels=["good", "bad"])
    bring(project, "a.csv", known("good"), labels_are="gold")

    again = bring(
        project, "a.csv", known("good"), labels_are="gold", known_answers="take"
    )

    assert counts(again) == (0, 0, 1, 0)


def asked_for_gold() -> tuple[Membership, Annotation]:
    """Return a person who was asked for a known answer, and gave it."""
    project = make.project(labels=["good", "bad"], gold_rate=0.5)
    bring(project, "a.csv", known("good"), labels_are="gold")
    item = Item.objects.get(project=project)
    questions.mark(make.manager_of(project), [item.external_id], is_question=True)
    make.ranked(project, make.items(project, 5))
    who = make.member(project)
    make.lease(who, 5)
    vote = make.vote(who, Assignment.objects.get(item=item), "good").annotation
    assert vote.is_right
    return who, vote


@pytest.mark.django_db(transaction=True)
def test_an_import_that_takes_answers_over_and_an_edit_do_not_deadlock() -> None:
    who, vote = asked_for_gold()
    edit = make.threaded(change.edit)
    edits: list[Future[Annotation]] = []

    def when_items_are_locked(execute: Any, sql: str, *others: Any) -> Any:
        done = execute(sql, *others)
        if sql.startswith('SELECT "labeling_item"') and "FOR UPDATE" in sql:
            edits.append(pool.submit(edit, who, vote.pk, 1, {"comment": "Sure."}))
            make.await_waiting()
        return done

    with (
        ThreadPoolExecutor(1) as pool,
        connection.execute_wrapper(when_items_are_locked),
    ):
        run = bring(
            who.project,
            "b.csv",
            known("bad"),
            labels_are="gold",
            known_answers="take",
        )

    assert counts(run) == (0, 1, 0, 0)
    assert edits[0].result().comment == "Sure."
    assert not Annotation.votes.get(pk=vote.pk).is_right
    assert counting.reconcile(who.project_id) == 0


def test_c33_who_was_asked_for_an_answer_that_is_taken_over_is_judged_anew() -> None:
    who, vote = asked_for_gold()
    project, item = who.project, vote.item

    bring(project, "b.csv", known("bad"), labels_are="gold", known_answers="take")

    assert answer(project, "k1") == ["bad"]
    assert not Annotation.votes.get(item=item).is_right
    assert counting.reconcile(project.pk) == 0


def test_c33_what_an_expert_decided_is_not_taken_over() -> None:
    project = make.project(labels=["good", "bad"])
    bring(project, "a.csv", known("good"), labels_are="gold")
    Gold.objects.all().delete()
    Resolution.objects.update(source="expert")

    run = bring(project, "b.csv", known("bad"), labels_are="gold", known_answers="take")

    assert counts(run) == (0, 0, 0, 1)
    assert Resolution.objects.get(superseded_at=None).labels == ["good"]


def test_c35_contradicting_rows_of_one_file_are_named_taken_or_votes() -> None:
    data = b"external_id,text,label\nc1,thanks,good\nc2,thanks,bad\n"
    for choice, parts, label in (
        ("keep", (1, 0, 0, 1), "good"),
        ("take", (1, 1, 0, 0), "bad"),
        ("vote", (1, 1, 0, 0), "good"),
    ):
        project = make.project(labels=["good", "bad"])
        run = bring(
            project,
            "a.csv",
            data,
            labels_are="gold",
            known_answers=choice,
            labels_by="old tool",
        )
        assert counts(run) == parts, choice
        settle.settle_project(project.pk)
        assert answer(project, "c1") == [label], choice
        votes = Annotation.votes.filter(project=project)
        assert [vote.labels for vote in votes] == (
            [["bad"]] if choice == "vote" else []
        )


def test_a_second_import_fills_in_what_the_first_left_open() -> None:
    project = make.project(labels=["good", "bad"])
    bring(project, "a.csv", b"external_id,text\nk1,alpha\nk2,beta\n")

    run = bring(project, "b.csv", known("good"), labels_are="gold")

    assert counts(run) == (0, 1, 0, 0)
    assert answer(project, "k1") == ["good"]
    settle.settle_project(project.pk)
    assert Item.objects.get(external_id="k1").state == Item.State.SETTLED
    assert counts(bring(project, "b.csv", known("good"), labels_are="gold"))[2] == 1


def test_votes_come_later_beside_those_of_here() -> None:
    project = make.project(labels=["good", "bad"])
    rows = [{"id": name, "text": name} for name in ("k1", "k2")]
    bring(project, "a.jsonl", lines(*rows))
    who = make.member(project)
    (assignment,) = make.lease(who)
    make.vote(who, assignment, "good")
    data = lines(
        *({**row, "votes": [{"annotator": "ann", "label": "bad"}]} for row in rows)
    )
    other = lines({**rows[0], "votes": [{"annotator": "ann", "label": "good"}]})

    first, second = (bring(project, "b.jsonl", data) for _ in range(2))
    third = bring(project, "c.jsonl", other)

    assert counts(first) == (0, 2, 0, 0)
    assert counts(second) == (0, 0, 2, 0)
    assert counts(third) == (0, 0, 0, 1)
    assert "ann" in str(third.refusals[0].reason)
    assert Annotation.votes.count() == 3
    assert {item.votes for item in Item.objects.all()} == {1, 2}
    assert counting.reconcile(project.pk) == 0


def test_tags_and_metadata_come_later_and_what_differs_stays_and_is_said() -> None:
    project = make.project()
    row = {"id": "k1", "text": "alpha"}
    bring(project, "a.jsonl", lines({**row, "metadata": {"page": 1}}))

    more = {**row, "tags": ["new"], "metadata": {"page": 2, "author": "ann"}}
    run = bring(project, "b.jsonl", lines(more))

    assert counts(run) == (0, 1, 0, 0)
    item = Item.objects.get()
    assert (item.tags, item.metadata) == (["new"], {"page": 1, "author": "ann"})
    assert [entry.row for entry in run.noted_rows] == [1]


def test_c35_the_id_of_a_row_whose_content_is_known_is_said() -> None:
    project = make.project()

    run = bring(project, "a.csv", b"external_id,text\nc1,thanks\nc2,thanks\n")

    assert counts(run) == (1, 0, 1, 0)
    (remark,) = run.noted_rows
    assert remark.row == 2
    assert "c1" in str(remark.reason)
    assert "c2" in str(remark.reason)


def test_labels_become_votes_of_somebody_who_is_no_member() -> None:
    project = make.project(labels=["good", "bad"])

    run = bring(
        project, "a.csv", known("good"), labels_are="votes", labels_by="old tool"
    )

    assert counts(run) == (1, 0, 0, 0)
    vote = Annotation.votes.get()
    assert (vote.labels, vote.annotator.is_active) == (["good"], False)
    assert vote.annotator.first_name == "old tool"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"labels_are": "votes"}, "labels_by"),
        ({"labels_are": "votes", "labels_by": "x" * 101}, "labels_by"),
        ({"known_answers": "vote"}, "labels_by"),
        ({"labels_are": "votes", "labels_by": "worker"}, "labels_by"),
        ({"labels_are": "sure"}, "labels_are"),
        ({"same_id": "drop"}, "same_id"),
        ({"known_answers": "drop"}, "known_answers"),
        ({"label_map": {"great": "fine"}}, "label_map"),
    ],
)
def test_choices_that_cannot_be_followed_are_refused(
    options: dict[str, Any], field: str
) -> None:
    project = make.project(labels=["good", "bad"])
    make.member(project, who=make.user("worker"))

    with pytest.raises(InvalidInputError) as refused:
        bring(project, "a.csv", known("good"), **options)

    assert [*refused.value.by_field] == [field]
    assert not Item.objects.exists()


def test_unknown_labels_are_mapped() -> None:
    project = make.project(labels=["good", "bad"])
    data = b"text,label\nalpha,great\nbeta,poor\n"

    run = bring(project, "a.csv", data, labels_are="gold", label_map={"great": "good"})

    assert counts(run) == (1, 0, 0, 1)
    assert Gold.objects.get().labels == ["good"]


def test_c30_another_content_under_a_known_id_is_kept_under_a_new_id() -> None:
    data = b"external_id,text\nx1,first version\nx1,second version\nx1,third\n"
    project = make.project()
    assert counts(bring(project, "a.csv", data)) == (1, 0, 0, 2)

    run = bring(project, "a.csv", data, same_id="new")

    assert counts(run) == (2, 0, 1, 0)
    texts = {item.external_id: item.data["text"] for item in Item.objects.all()}
    assert texts == {
        "x1": "first version",
        **{
            entry.reason.values["id"]: text
            for entry, text in zip(
                run.noted_rows, ("second version", "third"), strict=True
            )
        },
    }
    assert counts(bring(project, "a.csv", data, same_id="new")) == (0, 0, 3, 0)


def test_c30_within_one_new_file_both_are_kept_with_their_labels() -> None:
    data = b"external_id,text,label\nx1,first,good\nx1,second,bad\n"
    project = make.project(labels=["good", "bad"])

    run = bring(project, "a.csv", data, labels_are="gold", same_id="new")

    assert counts(run) == (2, 0, 0, 0)
    assert answer(project, "x1") == ["good"]
    second = Item.objects.get(data__text="second")
    assert second.external_id.startswith("x1 (")
    assert answer(project, second.external_id) == ["bad"]


def test_unknown_labels_are_added_by_a_manager_and_mapped_by_page_and_api(
    client: Client,
) -> None:
    project = make.project(labels=["good", "bad"])
    data = b"text,label\nalpha,great\nbeta,neutral\ngamma,GOOD\n"
    boss = make.manager_of(project).user
    call = make.Caller(boss)
    path = f"/api/projects/{project.slug}/imports/"

    def send(who: make.Caller, **options: str) -> Any:
        file = SimpleUploadedFile("a.csv", data)
        return who.client.post(path, {"file": file, **options}, headers=who.headers)

    looked = send(call, dry_run="1").json()
    assert [(row["name"], row["rows"], row["means"]) for row in looked["labels"]] == [
        ("great", 1, ""),
        ("neutral", 1, ""),
        ("GOOD", 1, "good"),
    ]
    options = {
        "labels_are": "gold",
        "label_map": '{"great": "good"}',
        "unknown_labels": "add",
    }
    engineer = make.Caller(make.member(project, role="engineer").user)
    assert send(engineer, **options).status_code == 403
    assert send(call, **options).status_code == 202
    run = ImportRun.objects.get()
    jobs.run(run.job_id)

    run.refresh_from_db()
    assert counts(run) == (3, 0, 0, 0)
    names = Label.objects.filter(label_set=Project.objects.get().label_set)
    assert [*names.order_by("position").values_list("name", flat=True)] == [
        *("good", "bad", "neutral")
    ]
    assert {gold.item.data["text"]: gold.labels for gold in Gold.objects.all()} == {
        "alpha": ["good"],
        "beta": ["neutral"],
        "gamma": ["good"],
    }
    client.force_login(boss)
    page = f"/projects/{project.slug}/import/"
    asked = client.post(
        page, {"file": SimpleUploadedFile("b.csv", data + b"delta,odd\n")}
    )
    shown = client.get(asked.headers["Location"])
    assert b'name="label:odd"' in shown.content
    key = asked.headers["Location"].partition("=")[2]
    form = {
        "upload": key,
        "labels_are": "gold",
        "label:odd": "bad",
        "label:great": "good",
    }
    assert client.post(page, form).status_code == 302
    jobs.run(ImportRun.objects.latest("pk").job_id)
    assert counts(ImportRun.objects.latest("pk")) == (1, 0, 3, 0)


def test_by_the_command_choices_are_said_and_labels_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make.project(labels=["good", "bad"])
    file = tmp_path / "a.csv"
    file.write_bytes(b"external_id,text,label\nx1,alpha,great\nx1,beta,odd\n")

    call_command("import", project.slug, str(file), "--dry-run")
    assert "label great (1 rows): ?" in capsys.readouterr().out
    call_command(
        *("import", project.slug, str(file), "--labels-are", "votes"),
        *("--labels-by", "old tool", "--label", "great=good", "--same-id", "new"),
        *("--unknown-labels", "add"),
    )

    assert "2 rows: 2 new" in capsys.readouterr().out
    votes = Annotation.votes.order_by("pk")
    assert [vote.labels for vote in votes] == [["good"], ["odd"]]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"labels_are": "votes", "labels_by": ""}, "labels_by"),
        ({"labels_are": "gold", "same_id": "perhaps"}, "same_id"),
        ({"labels_are": "gold", "known_answers": "vote"}, "labels_by"),
    ],
)
@pytest.mark.parametrize("way", ["page", "api", "command"])
def test_no_label_stays_where_another_choice_is_refused(
    way: str, other: dict[str, str], field: str, client: Client, tmp_path: Path
) -> None:
    project = make.project(labels=["good", "bad"])
    data = b"text,label\nalpha,great\n"
    boss = make.manager_of(project).user
    options = {**other, "unknown_labels": "add"}

    if way == "api":
        file = SimpleUploadedFile("a.csv", data)
        path = f"/api/projects/{project.slug}/imports/"
        call = make.Caller(boss)
        sent = call.client.post(path, {"file": file, **options}, headers=call.headers)
        assert sent.status_code == 400
        assert field in sent.json()["errors"]
    elif way == "page":
        client.force_login(boss)
        page = f"/projects/{project.slug}/import/"
        staged = client.post(page, {"file": SimpleUploadedFile("a.csv", data)})
        key = staged.headers["Location"].partition("=")[2]
        assert client.post(page, {"upload": key, **options}).status_code == 400
    else:
        file_ = tmp_path / "a.csv"
        file_.write_bytes(data)
        said = [
            f"--{name.replace('_', '-')}={value}" for name, value in options.items()
        ]
        with pytest.raises(CommandError):
            call_command("import", project.slug, str(file_), *said)

    project.refresh_from_db()
    assert queries.label_names(project.label_set_id) == {"good", "bad"}
    assert not ImportRun.objects.exists()


def test_no_label_stays_where_the_file_is_imported_already() -> None:
    project = make.project(labels=["good", "bad"])
    upload = importing.stage(project, None, "a.csv", [b"text,label\nalpha,great\n"])
    importing.start(upload, None, {}, {"labels_are": "gold"})
    options = {"labels_are": "gold", "unknown_labels": "add"}

    with pytest.raises(ConflictError):
        importing.start(upload, None, {}, options, add_labels=label_sets.extend)

    project.refresh_from_db()
    assert queries.label_names(project.label_set_id) == {"good", "bad"}


def test_labels_that_are_data_add_none_to_the_project() -> None:
    project = make.project(labels=["good", "bad"])
    upload = importing.stage(project, None, "a.csv", [b"text,label\nalpha,great\n"])
    options = {"labels_are": "data", "unknown_labels": "add"}

    importing.start(upload, None, {}, options, add_labels=label_sets.extend)

    project.refresh_from_db()
    assert queries.label_names(project.label_set_id) == {"good", "bad"}


def test_a_content_whose_id_is_taken_is_kept_under_the_id_of_a_later_row() -> None:
    project = make.project(labels=["good", "bad"])
    rows = (
        *("x,first,good", "x,second,good", "x,second,", "y,second,bad", "z,second,bad"),
        *("x,third,", "y,third,"),
    )
    data = "\n".join(["external_id,text,label", *rows]).encode()

    run = bring(project, "a.csv", data, labels_are="gold")

    assert counts(run) == (2, 0, 1, 4)
    assert answer(project, "x") == ["good"]
    assert answer(project, "y") == ["bad"]
    assert [refused.row for refused in run.refusals] == [2, 3, 6, 7]
    texts = Item.objects.order_by("pk").values_list("external_id", "data__text")
    assert [*texts] == [("x", "first"), ("y", "second")]
    assert [remark.row for remark in run.noted_rows] == [5]


@pytest.mark.parametrize("as_file", [False, True])
def test_options_may_be_parts_of_json(*, as_file: bool) -> None:
    project = make.project(labels=["good", "bad"])
    caller = make.Caller(make.manager_of(project).user)

    def part(value: str) -> str | SimpleUploadedFile:
        # As curl sends ``map=@map.json;type=application/json``.
        kind = "application/json"
        return SimpleUploadedFile("o.json", value.encode(), kind) if as_file else value

    sent = caller.client.post(
        f"/api/projects/{project.slug}/imports/",
        {
            "file": SimpleUploadedFile("a.csv", b"a;b\none;fox\n"),
            "map": part('{"a": "text", "b": "label"}'),
            "label_map": part('{"fox": "good"}'),
            "dialect": part('{"delimiter": ";"}'),
            "labels_are": "gold",
        },
        headers=caller.headers,
    )

    jobs.run(ImportRun.objects.get(pk=sent.json()["id"]).job_id)
    assert Item.objects.get(project=project).data == {"text": "one"}
    assert Resolution.objects.get(project=project).labels == ["good"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1]", b"{"])
def test_a_part_that_is_no_json_object_is_refused_by_its_name(body: bytes) -> None:
    project = make.project()
    caller = make.Caller(make.manager_of(project).user)
    part = SimpleUploadedFile("o.json", body, "application/json")

    sent = caller.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile("a.csv", b"text\none\n"), "map": part},
        headers=caller.headers,
    )

    assert sent.status_code == 400
    assert [*sent.json()["errors"]] == ["map"]


@pytest.mark.parametrize("labels_are", ["votes", "predictions"])
def test_a_name_that_cannot_be_kept_is_refused_by_its_field(labels_are: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        bring(
            make.project(),
            "x.csv",
            known("x"),
            labels_are=labels_are,
            labels_by="a\0b",
        )

    assert [*refusal.value.by_field] == ["labels_by"]
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("label", ['"\\ud800"', '["\\ud800"]', "1e999", '{"a": 1}'])
def test_labels_that_cannot_be_kept_are_not_counted_before_an_import(
    label: str,
) -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    data = f'{{"text": "a", "label": {label}}}\n{{"text": "b", "label": "x"}}'

    shown = call.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile("x.jsonl", data.encode()), "dry_run": "1"},
        headers=call.headers,
    )

    assert shown.status_code == 200
    assert [each["name"] for each in shown.json()["labels"]] == ["x"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("imports", {"labels_are": "votes"}),
        ("imports", {"labels_are": "nonsense"}),
        ("imports", {"map": '{"text": "nonsense"}'}),
        ("imports", {"label_map": "["}),
        ("predictions", {"source": "x" * 101}),
    ],
)
def test_a_file_whose_choices_are_refused_is_not_kept(
    call: str, said: dict[str, str], tmp_path: Path
) -> None:
    project = make.project()
    caller = make.Caller(make.manager_of(project).user)
    file = SimpleUploadedFile("x.csv", known("x"))

    answer = caller.client.post(
        f"/api/projects/{project.slug}/{call}/",
        {"file": file, **said},
        headers=caller.headers,
    )

    assert answer.status_code == 400
    assert not Upload.objects.exists()
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


@pytest.mark.parametrize("field", ["role:a\0", "label:a\0"])
def test_a_form_with_nul_is_refused_and_its_file_stays_to_be_asked_again(
    field: str,
) -> None:
    project = make.project()
    upload = importing.stage(project, None, "x.csv", [known("x")])
    page = browser(make.manager_of(project).user)

    answer = page.post(
        f"/projects/{project.slug}/import/", {"upload": upload.pk, field: "x"}
    )

    assert answer.status_code == 400
    assert "cannot be kept" in answer.content.decode()
    assert Upload.objects.exists()


def test_a_reason_that_quotes_half_a_surrogate_pair_is_told_before_an_import() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    data = b'{"text": "a", "\\ud800": 1, "\\ud800": 2}'

    shown = call.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile("x.jsonl", data), "dry_run": "1"},
        headers=call.headers,
    )

    [problem] = shown.json()["problems"]
    assert problem["reason"] == "“\ufffd” stands there twice."
