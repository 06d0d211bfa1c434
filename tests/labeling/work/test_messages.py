"""What a worker says is data; whoever reads it gets it in their own language."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from labeling.errors import (
    AssayError,
    ConflictError,
    InvalidInputError,
    LeaseLostError,
    NotFoundError,
)
from labeling.messages import (
    Message,
    as_json,
    from_json,
    in_language,
    message,
    sentence,
    verbatim,
)
from labeling.models import ImportRun, Job
from labeling.services.work import jobs, kinds
from labeling.services.work.progress import Progress, log_of
from tests import doubles, make

WORDS = ["%(x)s", "100 %", "%d", "{braces} {0}", "<b>", "", "Label", "training"]


def test_a_message_is_said_in_the_language_of_its_reader() -> None:
    words = message("version %(number)s", number=3)

    assert in_language(words) == "version 3"
    with translation.override("de"):
        assert in_language(words) == "Version 3"
        assert in_language(None) == ""


def test_a_message_within_a_message_is_said_in_the_same_language() -> None:
    inner = message("version %(number)s", number=3)
    outer = message("Not CSV: %(why)s.", why=inner)

    with translation.override("de"):
        assert in_language(outer) == "Kein CSV: Version 3."
        assert in_language(from_json(as_json(outer))) == in_language(outer)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_words_of_people_stay_as_they_are(words: str, language: str) -> None:
    with translation.override(language):
        assert in_language(verbatim(words)) == words
        assert in_language(from_json(as_json(verbatim(words)))) == words
        quoted = message("Not CSV: %(why)s.", why=words)
        assert words in in_language(from_json(as_json(quoted)))


@pytest.mark.parametrize("values", [{}, {"number": 1, "more": 2}, {"other": 1}])
def test_a_text_is_said_with_its_own_values_only(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no places for"):
        message("version %(number)s", **values)


@pytest.mark.parametrize(
    "words",
    [
        message("done"),
        message("version %(number)s", number=3),
        message("Not CSV: %(why)s.", why=message("version %(number)s", number=3)),
        verbatim("%(x)s"),
    ],
)
def test_a_message_that_was_kept_comes_back(words: Message) -> None:
    assert from_json(as_json(words)) == words


@pytest.mark.django_db
def test_a_job_keeps_messages_and_refuses_plain_words() -> None:
    job = Job.objects.create(kind="import", error=message("done"))
    Job.objects.update(error=message("version %(number)s", number=3))
    job.refresh_from_db()
    assert job.error == message("version %(number)s", number=3)

    with pytest.raises(TypeError, match="takes a message"):
        Job.objects.update(error="plain words")
    job.error = "plain words"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="takes a message"):
        job.save()


@pytest.mark.django_db
def test_the_log_of_a_job_is_read_in_any_language() -> None:
    project = make.project()
    job = jobs.enqueue("agreement", project=project)
    progress = jobs.claim(job.pk)
    assert progress is not None
    progress.log(message("version %(number)s", number=3))
    progress.log(verbatim("%(x)s"))
    client = Client()
    client.force_login(make.manager_of(project).user)
    path = f"/api/projects/{project.slug}/jobs/{job.pk}/"

    german = client.get(path, headers={"Accept-Language": "de"}).json()["log"]
    page = client.get(f"/projects/{project.slug}/jobs/{job.pk}/").content.decode()

    assert [line[26:] for line in german.splitlines()] == ["Version 3", "%(x)s"]
    job.refresh_from_db()
    assert [line[26:] for line in log_of(job).splitlines()] == ["version 3", "%(x)s"]
    assert all(line[26:] in page for line in log_of(job).splitlines())


@pytest.mark.django_db
def test_the_log_of_a_job_has_the_times_of_who_reads_it() -> None:
    project = make.project()
    job = jobs.enqueue("agreement", project=project)
    said = as_json(verbatim("said"))
    job.log = [
        {"at": "2026-11-30T23:30:05+00:00", **said},
        {"at": "08:00:00", **said},  # of an earlier release
    ]
    job.save()
    client = Client()
    client.force_login(make.manager_of(project).user)
    client.cookies["zone"] = "Asia/Tokyo"

    page = client.get(f"/projects/{project.slug}/jobs/{job.pk}/").content.decode()
    reply = client.get(f"/api/projects/{project.slug}/jobs/{job.pk}/").json()

    assert "08:30:05 said\n08:00:00 said\n" in page
    # A program gets moments; the page puts them into the zone as it follows the job.
    assert reply["log"] == "2026-11-30T23:30:05+00:00 said\n08:00:00 said\n"


@pytest.mark.django_db
def test_why_a_job_failed_is_told_in_any_language() -> None:
    project = make.project()
    job = Job.objects.create(kind="learn.dream", project=project)
    with pytest.raises(ConflictError):
        jobs.run(job.pk)
    client = Client()
    client.force_login(make.manager_of(project).user)

    for language, words in (("de", "Diese Version kennt"), ("es", "Esta versión no")):
        spoken = {"Accept-Language": language}
        path = f"/projects/{project.slug}/jobs/"
        assert words in client.get(f"{path}{job.pk}/", headers=spoken).content.decode()
        assert words in client.get(f"/api{path}", headers=spoken).content.decode()


# What a deletion is given, and what a German reads when it has failed.
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a sentence": ({}, "Bitte die Elemente durch einen Filter"),
    "a field": ({"state": "lost"}, "state: Eines von open, settled, "),
    "a field and a value": ({"confidence_lt": "2"}, "confidence_lt: Eine Zahl von 0"),
    "two fields": ({"a": "1", "b": "1"}, "a: Das ist kein Filter. b: Das ist kein"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", REFUSED)
def test_why_a_deletion_failed_is_read_in_german_whatever_the_worker_speaks(
    way: str,
) -> None:
    query, words = REFUSED[way]
    project = make.project()
    params = {"query": query, "until": 9, "total": 1}
    job = jobs.enqueue("delete", project=project, params=params)
    with translation.override("es"), pytest.raises(InvalidInputError):
        jobs.run(job.pk)
    client = Client()
    client.force_login(make.manager_of(project).user)

    page = client.get(
        f"/projects/{project.slug}/jobs/{job.pk}/", headers={"Accept-Language": "de"}
    )

    assert words in page.content.decode()


def refused(error: AssayError) -> kinds.Handler:
    """Return the handler of a job that is refused so."""

    def handler(_: Progress) -> dict[str, Any]:
        raise error

    return handler


@pytest.mark.django_db
def test_a_job_of_any_kind_that_is_refused_keeps_what_it_can_be_read_from() -> None:
    with translation.override("es"):
        refusals: list[tuple[AssayError, str]] = [
            (LeaseLostError(), "Inzwischen hat jemand"),
            (
                NotFoundError(sentence("version %(number)s") % {"number": 3}),
                "Version 3",
            ),
            (InvalidInputError(errors={"a": ["It is so."]}), "a: It is so."),
            (InvalidInputError("It is so.", errors={}), "It is so."),
        ]
    for refusal, words in refusals:
        with doubles.kind("made up", refused(refusal)), translation.override("es"):
            job = jobs.enqueue("made up")
            with pytest.raises(type(refusal)):
                jobs.run(job.pk)
        job.refresh_from_db()

        with translation.override("de"):
            assert in_language(job.error).startswith(words)


def test_a_sentence_is_words_at_once_and_a_message_later() -> None:
    with translation.override("de"):
        words = sentence("version %(number)s") % {"number": 3}
        outer = sentence("Not CSV: %(why)s.") % {"why": words}

    assert (words, outer) == ("Version 3", "Kein CSV: Version 3.")
    assert str(outer.message) == "Not CSV: version 3."


@pytest.mark.django_db
def test_sentences_of_a_version_before_stay_readable() -> None:
    log = "12:00:00 12 items: state=open\nno time\n"
    with connection.cursor() as cursor:
        # They hide the tables of today until the test is over.
        cursor.execute(
            "CREATE TEMP TABLE labeling_job (log text NOT NULL, error text NOT NULL);"
            "CREATE TEMP TABLE labeling_importrun (errors jsonb NOT NULL);"
            "CREATE TEMP TABLE activelearn_trainingrun (trigger text,"
            " reason varchar(300) NOT NULL, explanation text NOT NULL)"
        )
        cursor.execute(
            "INSERT INTO labeling_job VALUES (%s, 'KeyError: %%(x)s \"'), ('', '')",
            [log],
        )
        cursor.execute(
            "INSERT INTO activelearn_trainingrun VALUES ('person', 'training', ''),"
            " ('person', 'asked for', 'It takes over.')"
        )
        refused = [{"row": 2, "reason": "Not JSON."}, {"row": 9, "reason": "%(x)s"}]
        cursor.execute(
            "INSERT INTO labeling_importrun VALUES (%s), ('[]')", [json.dumps(refused)]
        )
        for name in ("labeling.migrations.0022", "activelearn.migrations.0006"):
            cursor.execute(import_module(f"{name}_messages").AS_MESSAGES)
        cursor.execute(
            "SELECT log, error::text IS NULL, error ->> 'text' FROM labeling_job"
        )
        kept = cursor.fetchall()
        cursor.execute("SELECT reason, explanation FROM activelearn_trainingrun")
        runs = cursor.fetchall()
        cursor.execute("SELECT errors FROM labeling_importrun ORDER BY errors")
        imports = [ImportRun(errors=json.loads(text)) for (text,) in cursor.fetchall()]

    ((entries, _, error), (nothing, is_null, _)) = kept
    assert (
        log_of(Job(log=json.loads(entries)))
        == "12:00:00 12 items: state=open\n no time\n"
    )
    assert (error, nothing, is_null) == ('KeyError: %(x)s "', "[]", True)
    with translation.override("de"):
        words = [
            [text and str(from_json(json.loads(text))) for text in run] for run in runs
        ]
    assert words == [["training", None], ["angefordert", "It takes over."]]
    assert imports[0].refusals == []
    assert [(row, str(reason)) for row, reason in imports[1].refusals] == [
        (2, "Not JSON."),
        (9, "%(x)s"),
    ]
