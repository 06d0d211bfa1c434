"""Screens in other languages: nothing left in English, nothing too wide, all reachable."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from activelearn.models import ModelVersion
from labeling.models import (
    Guideline,
    ImportRun,
    Item,
    Label,
    PredictionSource,
    Project,
    Source,
    SourceObject,
    User,
)
from labeling.services.transfer import exporting
from labeling.services.work import outbox
from labeling.views.transfer.files import ROLES
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import log_in
from tests.e2e.looks import each_look, keep_picture, serious
from tests.e2e.test_screens import SCREENS, demo, ready, shown

__all__ = ["demo"]
pytestmark = browsing.MARKS

# What people read on a page: texts, and what assistive technology says for them.
TEXTS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode()); ) {
    const place = node.parentElement;
    if (place.closest("script, style, kbd, [translate=no]")) continue;
    if (place.checkVisibility() || place.closest("option, dialog"))
      found.push(node.textContent);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"])
    for (const node of document.querySelectorAll(`[${name}]`))
      found.push(node.getAttribute(name));
  found.push(document.title);
  return found.map((text) => text.trim()).filter(Boolean);
}"""
# What stands out of the window, or out of its own frame.
TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth;
  const found = wide > innerWidth ? [`the page: ${wide} px`] : [];
  const scrolls = (node) =>
    node !== null && node !== document.body &&
    (/auto|scroll/.test(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  for (const node of document.querySelectorAll(".btn, .chip, summary, h1, label")) {
    if (!node.checkVisibility() || node.closest(".sr")) continue;
    const { left, right } = node.getBoundingClientRect();
    const out = (left < -1 || right > innerWidth + 1) && !scrolls(node.parentElement);
    if (out || node.scrollWidth > node.clientWidth + 1 && node.matches(".btn, .chip"))
      found.push(`${node.outerHTML.slice(0, 120)}: ${Math.round(left)}–${Math.round(right)}`);
  }
  return found;
}"""
NAMES = {
    *("assay", "krippendorff α", "fleiss κ", "cohen κ", "openapi", "s", "ms", "min"),
    # A license, a command and an address to go by.
    *("apache-2.0", "assay encoder get", "https://api.example.com/v1"),
    # What programs are told of, by the names that they read; an address to go by.
    *(*outbox.EVENTS, "https://example.com/hooks"),
    *(
        word.lower().replace("_", " ")
        for word in (*exporting.FORMATS, *exporting.COLUMNS, *ROLES)
    ),
}
DIGEST = re.compile("[0-9a-f]{8,}")
MOMENT = re.compile(r"\d{1,2} [A-Z][a-z]{2}(?: \d{4})?, \d\d:\d\d")


def words_of_people() -> tuple[set[str], str]:
    """Return what is data and not ours: short values, and all long texts as one."""
    values: list[Any] = [
        *User.objects.values_list("username", flat=True),
        *Project.objects.values_list("name", flat=True),
        *PredictionSource.objects.values_list("name", flat=True),
        *(
            word
            for row in Label.objects.values_list("name", "description")
            for word in row
        ),
        *Guideline.objects.values_list("text", flat=True),
        *(
            word
            for row in Item.objects.values_list(
                "external_id", "content_hash", "group_key"
            )
            for word in row
        ),
        *(
            word
            for data, tags in Item.objects.values_list("data", "tags")
            for word in (*data, *map(str, data.values()), *tags)
        ),
        *ImportRun.objects.values_list("file_name", flat=True),
        *(
            word
            for source in Source.objects.all()
            for word in (source.name, source.where)
        ),
        *SourceObject.objects.values_list("key", flat=True),
        *(
            word
            for environment in ModelVersion.objects.values_list(
                "environment", flat=True
            )
            for pair in environment.items()
            for word in pair
        ),
    ]
    return {value.strip().lower() for value in values}, joined(" ".join(values))


def joined(text: str) -> str:
    """Return a text as a page shows it: Markdown and line breaks count as spaces."""
    return re.sub(r"[*#`_\s]+", " ", text)


def left_in_english(text: str, short: set[str], long: str) -> bool:
    """Whether something of a text is neither marked as translated nor data."""
    # Data may have brackets of their own, as what is translated has here.
    if is_data(text, short, long):
        return False
    rest = MOMENT.sub("", text)
    while (less := re.sub(r"\[[^\[\]]*\]", " ", rest)) != rest:
        rest = less
    if is_data(rest, short, long):
        return False
    return not all(
        is_data(part, short, long) for part in re.split(r"[·,→“”:()#\n]|\s[–-]\s", rest)
    )


def is_data(part: str, short: set[str], long: str) -> bool:
    plain = joined(part).strip(" …–.%/")
    bare = plain.strip("0123456789 ")
    return (
        not re.search(r"[A-Za-z]{2}", plain)
        or bool(DIGEST.fullmatch(plain))
        or bool({plain.lower(), bare.lower()} & (short | NAMES))
        or (len(plain) > 8 and plain in long)
    )


def speak(context: BrowserContext, url: str, language: str) -> None:
    context.add_cookies([{"name": "django_language", "value": language, "url": url}])


@pytest.fixture
def pseudo(settings: Settings) -> str:
    settings.LANGUAGES = [*settings.LANGUAGES, ("en-xa", "Pseudo")]
    return "en-xa"


def test_nothing_stays_english_and_longer_words_fit(
    browser: Browser, live_server: LiveServer, demo: User, pseudo: str
) -> None:
    problems: list[str] = []
    short, long = words_of_people()
    ids = shown()
    context = browser.new_context()
    page = context.new_page()
    said = log_in(page, live_server.url, demo.username)
    speak(context, live_server.url, pseudo)
    for name, path in SCREENS.items():
        if name.startswith("admin"):  # Django's own pages
            continue
        if name == "login":
            context.clear_cookies(name="sessionid")
        ready(page, live_server.url + path.format(**ids))
        texts: dict[str, str] = {}
        for look in each_look(page):
            where = f"{name}, {look}"
            keep_picture(page, f"{name}-pseudo-{look}")
            problems += [f"{where}: {element}" for element in page.evaluate(TOO_WIDE)]
            texts |= dict.fromkeys(page.evaluate(TEXTS), where)
        problems += [
            f"{where}: {text!r} stayed English"
            for text, where in texts.items()
            if left_in_english(text, short, long)
        ]
        # Its colors and its parts in each look are those of the English page.
        problems += [f"{name}: {breach}" for breach in serious(page)]
    context.close()
    problems += [text for text in said if "Content Security Policy" in text]

    assert problems == [], json.dumps(problems, indent=1, ensure_ascii=False)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("Deutsch", ("Projekte", "gespeichert", "Rückgängig", "Labeln")),
        ("Español", ("Proyectos", "guardado", "Deshacer", "Etiquetar")),
    ],
)
def test_a_language_is_chosen_by_keyboard_on_a_phone_and_stays(
    browser: Browser, live_server: LiveServer, language: str, words: tuple[str, ...]
) -> None:
    projects, saved, undo, label = words
    project = make.project()
    make.ranked(project, make.items(project, 3))
    member = make.member(project)
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{live_server.url}/login/")

    page.locator(".menu summary").focus()
    page.keyboard.press("Enter")
    choice = page.get_by_role("button", name=language)
    expect(choice).to_be_visible()
    keep_picture(page, f"menu-{language}")
    assert page.evaluate(TOO_WIDE) == []
    choice.focus()
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", language[:2].lower())
    page.fill("[name=username]", member.user.username)
    page.fill("[name=password]", "pw")
    page.click("main button")
    expect(page.get_by_role("heading", name=projects)).to_be_visible()
    assert page.evaluate(TOO_WIDE) == []
    assert serious(page) == []
    page.goto(f"{live_server.url}/projects/{project.slug}/label/")

    expect(page.locator("#saved")).to_have_text(saved)
    expect(page.get_by_role("button", name=undo)).to_be_visible()
    keep_picture(page, f"station-{language}")
    assert page.evaluate(TOO_WIDE) == []
    assert serious(page) == []
    page.goto(live_server.url)
    expect(page.get_by_role("link", name=label).first).to_be_visible()
    keep_picture(page, f"home-{language}")
    context.close()
