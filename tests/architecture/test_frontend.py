"""The front end stays light, and each part of it is found in one place."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from config.static import whole_sheet, without_comments
from labeling.views.queue.station import STATION_MODULES
from tests.running.machine import ROOT

FRONTEND: Final = ROOT / "frontend"
STATIC: Final = FRONTEND / "static"
SCRIPTS: Final = sorted((STATIC / "js").rglob("*.js"))
SHEETS: Final = sorted((STATIC / "css").rglob("*.css"))
LINKED: Final = sorted((STATIC / "css").glob("*.css"))
IMPORT: Final = re.compile(
    r"""^(?:import|export) [^;]*?from "(\.[^"]+)";""", re.MULTILINE | re.DOTALL
)

# In KiB as they travel, each file packed alone.
TEXT_STATION: Final = 21.5
STATION_SHEETS: Final = 8
ALL_SHEETS: Final = 13
# In lines.
SCRIPT: Final = 250
SHEET: Final = 250
TEMPLATE: Final = 150
# In characters.
TEMPLATE_LINE: Final = 160


def packed(paths: list[Path]) -> float:
    """Return the KiB that modules or sheets weigh on their way to a browser."""
    served = [
        without_comments(path.read_text()) if path.suffix == ".js" else whole(path)
        for path in paths
    ]
    return sum(len(gzip.compress(text.encode(), 9)) for text in served) / 1024


def whole(sheet: Path) -> str:
    """Return a sheet with all that it imports, as a browser gets it."""
    return whole_sheet(
        sheet.read_text(), lambda name: (sheet.parent / name).read_text()
    )


def imported(path: Path, known: set[Path]) -> set[Path]:
    """Return a module and all that come with it before it runs."""
    if path not in known:
        known.add(path)
        for name in IMPORT.findall(path.read_text()):
            imported((path.parent / name).resolve(), known)
    return known


def station() -> set[Path]:
    modules = imported(STATIC / "js/annotate/page.js", set())
    return imported(STATIC / "js/annotate/opening.js", modules)


def test_the_text_station_loads_little() -> None:
    scripts = [
        *station(),
        *(STATIC / f"js/lib/{n}.js" for n in ("open-palette", "zone")),
    ]
    sheets = [STATIC / f"css/{name}.css" for name in ("tokens", "assay", "station")]

    assert packed(scripts) < TEXT_STATION
    assert packed(sheets) < STATION_SHEETS
    assert packed(LINKED) < ALL_SHEETS


def test_the_page_names_each_module_of_the_station_that_it_does_not_load_itself() -> (
    None
):
    loaded = {f"js/annotate/{name}.js" for name in ("opening", "page")}
    needed = {str(path.relative_to(STATIC)) for path in station()}

    assert set(STATION_MODULES) == needed - loaded


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_module_is_short_and_what_changes_in_a_page_stands_in_a_record(
    path: Path,
) -> None:
    source = path.read_text()

    assert len(source.splitlines()) <= SCRIPT
    assert not re.search(r"^(?:export )?let ", source, re.MULTILINE)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_module_is_served_line_by_line_as_it_is_but_without_comments(
    path: Path,
) -> None:
    lines = path.read_text().split("\n")
    served = without_comments(path.read_text()).split("\n")

    assert len(served) == len(lines)
    for line, sent in zip(lines, served, strict=True):
        assert sent == line or (not sent and line.lstrip().startswith(("/", "*")))
    # A module with a text over several lines would be served with all its comments.
    assert not any(sent.lstrip().startswith("//") for sent in served)


def test_a_template_is_short_and_so_are_its_lines() -> None:
    for path in (FRONTEND / "templates").rglob("*.html"):
        lines = path.read_text().splitlines()
        assert len(lines) <= TEMPLATE, path
        assert [line for line in lines if len(line) > TEMPLATE_LINE] == [], path


def test_each_sheet_is_short_and_sent_once() -> None:
    imports = [
        str(sheet.parent / name)
        for sheet in LINKED
        for name in re.findall(r'^@import "(.+)";$', sheet.read_text(), re.MULTILINE)
    ]
    parts = [sheet for sheet in SHEETS if sheet not in LINKED]

    assert sorted(imports) == sorted(map(str, parts))
    for sheet in SHEETS:
        assert len(sheet.read_text().splitlines()) <= SHEET, sheet
        assert "@import" not in whole(sheet)
        # Where one is sent within another, a path would begin in another folder.
        assert "url(" not in sheet.read_text()


def parts(rules: str) -> set[str]:
    """Return the classes and ids that rules are about.

    That is the first one of the last element of a selector that has any: ``.label`` in
    ``.station .label.chosen kbd``.
    """
    text = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    return {
        part
        for names in re.findall(r"([^@{};]+)\{", text)
        for selector in alternatives(without_conditions(names))
        if (part := subject(selector))
    }


def without_conditions(selectors: str) -> str:
    """Return selectors without what is only asked: ``:has(…)``, ``:not(…)``, ``[…]``."""
    bare = re.sub(r"\[[^]]*\]", "", selectors)
    inner = r":(?:has|not)\([^()]*\)"
    while re.search(inner, bare):
        bare = re.sub(inner, "", bare)
    return bare


def alternatives(selectors: str) -> list[str]:
    """Return each selector of a list, one for every choice of an ``:is(…)``."""
    if choice := re.search(r":is\(([^()]*)\)", selectors):
        before, after = selectors[: choice.start()], selectors[choice.end() :]
        # Its neighbors in the list come twice, which does no harm.
        return [
            selector
            for named in choice[1].split(",")
            for selector in alternatives(f"{before}{named.strip()}{after}")
        ]
    return selectors.split(",")


def subject(selector: str) -> str | None:
    for element in reversed(re.split(r"[\s>+~]+", selector.strip())):
        if named := re.search(r"[.#][A-Za-z][\w-]*", element):
            return named[0]
    return None


def test_what_a_part_looks_like_stands_in_one_sheet() -> None:
    where: dict[str, set[str]] = defaultdict(set)
    for sheet in SHEETS:
        if sheet.name != "admin.css":
            for part in parts(sheet.read_text()):
                where[part].add(sheet.name)

    assert {part: names for part, names in where.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    ("rule", "about"),
    [
        (".station .label.chosen kbd {}", {".label"}),
        ("a,\n.b:has(> .c) {}", {".b"}),
        (".a:not(:has(.b:not([hidden]))) p {}", {".a"}),
        (".a :is(.b, [c], .d > .e).f > div {}", {".b", ".e", ".f"}),
        (
            "@media (max-width: 9px) {\n  .a {\n    top: 0.5s;\n  }\n  #b > p {",
            {".a", "#b"},
        ),
    ],
)
def test_what_a_rule_is_about_is_seen(rule: str, about: set[str]) -> None:
    assert parts(rule) == about


def test_templates_name_what_they_show() -> None:
    tags = {
        path.name: re.findall(r"{[{%].*?[%}]}", path.read_text())
        for path in (FRONTEND / "templates").rglob("*.html")
    }
    vague = [
        f"{name}: {tag}"
        for name, inside in tags.items()
        for tag in inside
        if re.search(r"\b(one|found)\b", re.sub(r'"[^"]*"', "", tag))
    ]

    assert vague == []
