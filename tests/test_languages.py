"""Every text has its translation, and pages speak the language of the person."""

from __future__ import annotations

import ast
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import Settings

from activelearn.core import gate
from activelearn.services.judging import verdicts
from labeling.messages import Message
from labeling.services.transfer import importing, rows
from labeling.services.transfer.importing import LIMITS, readers
from labeling.services.transfer.importing.reading import FileReading
from labeling.services.transfer.parsing import RowParser
from labeling.services.work import jobs
from labeling.templatetags.localized import choice
from labeling.views.page.words import station_words
from tests import make
from tests.pages.html import flat
from tools import messages

CATALOGS = [
    (language, domain) for language in messages.LANGUAGES for domain in messages.DOMAINS
]


@pytest.mark.parametrize(("language", "domain"), CATALOGS)
def test_every_text_is_translated_and_no_other(language: str, domain: str) -> None:
    marked = messages.entries(messages.collected(domain))
    said = messages.entries(messages.read(language, domain))

    assert marked.keys() - said.keys() == set(), "new texts: run make messages"
    assert said.keys() - marked.keys() == set(), "texts that went: run make messages"
    assert [key for key, forms in said.items() if not all(forms)] == []


@pytest.mark.parametrize(("language", "domain"), CATALOGS)
def test_a_translation_has_the_placeholders_of_its_text(
    language: str, domain: str
) -> None:
    for message in messages.read(language, domain):
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        forms = message.string
        for said in forms if isinstance(forms, tuple) else (forms,):
            if texts != ("",):
                assert _holes(str(said)) == _holes(str(texts[-1])), said
        assert not message.fuzzy


def _holes(text: str) -> Counter[str]:
    return Counter(messages.PLACEHOLDER.findall(text))


@pytest.mark.parametrize(
    ("language", "domain"),
    [*CATALOGS, *((messages.PSEUDO, domain) for domain in messages.DOMAINS)],
)
def test_what_is_compiled_is_what_is_written(language: str, domain: str) -> None:
    there = messages.compiled(language, domain)

    assert there is not None
    assert messages.entries(there) == messages.entries(
        messages.read(language, domain)
    ), "run make messages"


@pytest.mark.parametrize(
    ("language", "formal"),
    [
        # At the beginning of a sentence it may be "they".
        ("de", r"(?<!^)(?<![.:!?] )\bSie\b|\bIhnen\b|\bIhr(?:e[mnrs]?)?\b"),
        ("es", r"(?i)\busted(?:es)?\b|\bsuy[oa]s?\b"),
    ],
)
def test_nobody_is_addressed_formally(language: str, formal: str) -> None:
    for domain in messages.DOMAINS:
        for forms in messages.entries(messages.read(language, domain)).values():
            for said in forms:
                # What is not the reader's own, but the label's.
                assert not re.search(formal, said.replace("los suyos", "")), said


@pytest.mark.parametrize(
    ("language", "others"),
    [
        # Files of a ZIP are called items too, in any language.
        ("de", r"\bItems?\b|\bEintr(?:ag|äge)"),
        ("es", r"(?i)\bítems?\b|\bentradas?\b"),
    ],
)
def test_an_item_has_one_name_in_a_language(language: str, others: str) -> None:
    for domain in messages.DOMAINS:
        for key, forms in messages.entries(messages.read(language, domain)).items():
            if re.search(r"(?i)\bitems?\b", messages.PLACEHOLDER.sub("", str(key))):
                for said in forms:
                    words = messages.PLACEHOLDER.sub("", said)
                    assert not re.search(others, words), said


def test_the_pseudo_locale_keeps_placeholders_and_is_longer() -> None:
    said = messages.pseudo("{count} of %(items)s unsent")

    assert _holes(said) == {"{count}": 1, "%(items)s": 1}
    assert len(said) > 1.25 * len("{count} of %(items)s unsent")


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        ("de-AT,en;q=0.5", "de", "Anmelden"),
        ("es", "es", "Entrar"),
        ("fr", "en", "Log in"),
        ("en-xa", "en", "Log in"),
    ],
)
def test_a_visitor_is_spoken_to_in_the_language_of_the_browser(
    accepted: str, language: str, title: str
) -> None:
    shown = Client().get("/login/", headers={"Accept-Language": accepted})

    html = shown.content.decode()
    assert f'<html lang="{language}" dir="ltr"' in html
    assert f"<h1>{title}</h1>" in html


@pytest.mark.django_db
def test_the_chosen_language_is_kept_through_log_in() -> None:
    client = Client()
    person = make.user()

    answer = client.post("/language/", {"language": "de", "next": "/login/"})
    assert answer.headers["Location"] == "/login/"
    assert "<h1>Anmelden</h1>" in client.get("/login/").content.decode()
    client.force_login(person)

    assert "<h1>Projekte</h1>" in client.get("/").content.decode()


@pytest.mark.parametrize("page", ["/nowhere/", "/nowhere"])
def test_error_pages_speak_it_too(page: str) -> None:
    shown = Client().get(page, headers={"Accept-Language": "es"}, follow=True)

    assert shown.status_code == 404
    assert '<html lang="es"' in shown.content.decode()
    assert "Esta página no existe" in shown.content.decode()


@pytest.mark.django_db
def test_a_problem_keeps_its_machine_words_in_any_language() -> None:
    client = Client()
    client.force_login(make.user())
    asked = [
        client.get("/api/projects/none/", headers={"Accept-Language": language}).json()
        for language in ("en", "de")
    ]

    for name in ("type", "code", "status"):
        assert asked[0][name] == asked[1][name]
    assert (asked[0]["title"], asked[1]["title"]) == ("Not found", "Nicht gefunden")


@pytest.mark.django_db
def test_the_station_brings_the_words_of_one_language() -> None:
    project = make.project()
    client = Client()
    client.force_login(make.manager_of(project).user)
    path = f"/projects/{project.slug}/label/"

    german = client.get(path, headers={"Accept-Language": "de"}).content.decode()
    english = client.get(path).content.decode()

    assert "gespeichert" in german
    assert '<script id="words" type="application/json">{}</script>' in english
    with translation.override("de"):
        assert len(station_words()) == len(
            messages.entries(messages.collected("djangojs"))
        )


def test_no_text_of_the_station_is_put_together() -> None:
    for path in (messages.ROOT / "frontend/static/js").rglob("*.js"):
        assert not re.search(r"\bt\(\s*(?:`|\"[^\"]*\"\s*\+)", path.read_text()), path


@pytest.mark.parametrize(
    ("right", "wrong", "words"), [(100, 0, "Es übernimmt."), (0, 100, "nicht besser")]
)
def test_the_verdict_on_a_model_is_told_in_the_language_of_the_reader(
    right: int, wrong: int, words: str
) -> None:
    before = [False] * right + [True] * wrong
    judged = gate.compare(before, [not hit for hit in before], gate.terms("balanced"))

    with translation.override("de"):
        explanation = str(verdicts.explain(judged, verdicts.version(1)))
    assert words in explanation
    assert "Version 1" in explanation


@pytest.mark.parametrize(
    ("before", "after"), [([], []), ([False, True, True], [True, True, True])]
)
def test_a_verdict_that_cannot_tell_is_told_too(
    before: list[bool], after: list[bool]
) -> None:
    explanation = verdicts.explain(
        gate.compare(before, after, gate.terms("balanced")), verdicts.MAJORITY
    )

    english = str(explanation)
    with translation.override("es"):
        assert str(explanation) != english


def test_what_people_choose_is_translated_and_what_they_type_is_not() -> None:
    with translation.override("de"):
        assert choice("unclear") == "unklar"
        for typed in ("Label these again, please", "Label", "", "%(x)s"):
            assert choice(typed) == typed


def _calls(names: set[str]) -> Iterator[tuple[Path, ast.Call]]:
    for folder in ("activelearn", "config", "labeling", "running"):
        for path in (messages.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(
                    node.func, ast.Name | ast.Attribute
                ):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    if name in names:
                        yield path, node


def test_every_message_is_a_text_that_can_be_collected() -> None:
    calls = list(_calls({"message"}))

    assert len(calls) > 10
    for path, call in calls:
        assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}"


def test_every_stage_of_a_job_is_marked_for_translation() -> None:
    stages = [
        (path, keyword.value)
        for path, call in _calls({"report", "partial"})
        for keyword in call.keywords
        if keyword.arg == "stage"
    ]

    assert len(stages) > 10
    for path, stage in stages:
        assert re.fullmatch(r"noop\('[a-z ]+'\)", ast.unparse(stage)), path


@pytest.mark.django_db
def test_numbers_and_plurals_follow_the_language(settings: Settings) -> None:
    project = make.project()
    make.item(project)
    client = Client()
    client.force_login(make.manager_of(project).user)
    path = f"/projects/{project.slug}/export/"

    assert "1 item, 0 votes." in flat(client.get(path).content)
    german = client.get(path, headers={"Accept-Language": "de"})
    assert "1 Element, 0 Stimmen." in flat(german.content)


BAD_ROWS: list[tuple[str, dict[str, object]]] = [
    ("text", {"text": " "}),
    ("image", {"text": "x"}),
    ("table", {"a": ""}),
    ("text", {"text": "x" * (LIMITS.text_characters + 1)}),
    ("text", {"text": "x", "external_id": "n" * 201}),
    ("text", {"text": "a\x00b"}),
    ("text", {"text": "a\ud800b"}),
    ("text", {"text": "x", "metadata": f'{{"n": {2**60}}}'}),
    ("text", {"text": "x", "n": float("nan")}),
    ("text", {"text": "x", "deep": json.loads("[" * 40 + "]" * 40)}),
    ("text", {"text": "x", "metadata": "{"}),
    ("text", {"text": "x", "metadata": "[]"}),
    ("text", {"text": "x", "votes": "{"}),
    ("text", {"text": "x", "votes": "{}"}),
    ("text", {"text": "x", "votes": ["a"]}),
    ("text", {"text": "x", "votes": [{"annotator": ""}]}),
    ("text", {"text": "x", "votes": [{"annotator": "a"}, {"annotator": "a"}]}),
    ("text", {"text": "x", "votes": [{"annotator": "a", "seconds": -1}]}),
    ("text", {"text": "x", "votes": [{"annotator": "a", "created_at": "now"}]}),
]
BAD_FILES: list[tuple[str, bytes]] = [
    ("jsonl", b"{"),
    ("jsonl", b"[]"),
    ("jsonl", b'"\xff"'),
    ("jsonl", b"x" * (LIMITS.line_bytes + 1)),
    ("csv", b"a,b\n1,2,3"),
    ("csv", b'a,b\n1,"x'),
    ("csv", b'a,b\n1,"x"y'),
    ("jsonl", b'{"a": 1, "a": 2}'),
]


def _reason(row: tuple[str, dict[str, object]]) -> Message:
    try:
        RowParser({}, row[0]).parse(row[1])
    except rows.RowError as error:
        return error.message
    pytest.fail(f"taken: {row}")


@pytest.mark.parametrize("language", ["de", "es"])
def test_why_a_row_is_refused_is_said_in_the_language_of_the_reader(
    language: str,
) -> None:
    reasons = [_reason(row) for row in BAD_ROWS]
    for kind, body in BAD_FILES:
        raws = readers.read(FileReading(kind), io.BytesIO(body))
        reasons += [raw.problem for raw in raws if raw.problem]

    english = [str(reason) for reason in reasons]
    with translation.override(language):
        same = [
            text
            for text, reason in zip(english, reasons, strict=True)
            if text == str(reason)
        ]

    assert same == []
    assert len(set(english)) > 20


@pytest.mark.django_db
def test_what_an_import_refuses_is_told_in_the_language_of_the_reader() -> None:
    project = make.project()
    body = b'{"text": "a"}\n{"text": "%(x)s", "votes": "{"}\nno'
    upload = importing.stage(project, None, "x.jsonl", [body])
    run = importing.start(upload, None, {}, {})
    jobs.run(run.job_id)
    client = Client()
    client.force_login(make.manager_of(project).user)

    told = {
        language: [
            refused["reason"]
            for refused in client.get(
                f"/api/projects/{project.slug}/imports/{run.pk}/",
                headers={"Accept-Language": language},
            ).json()["errors"]
        ]
        for language in ("en", "de")
    }
    page = client.get(
        f"/projects/{project.slug}/import/", headers={"Accept-Language": "de"}
    )

    assert told["en"] == ["votes is not JSON.", "Not JSON."]
    assert told["de"] == ["votes ist kein JSON.", "Kein JSON."]
    assert "Kein JSON." in page.content.decode()
