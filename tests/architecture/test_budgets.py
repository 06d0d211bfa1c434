"""What keeps the house in order: budgets that a change has to stay within.

The figures of today: ``python -m tests.architecture.figures``. A budget is tightened
when the code gets better; who has to loosen one says why in the commit.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from statistics import median, quantiles
from typing import Final

import pytest

from tests.architecture import figures
from tests.architecture.figures import PACKAGES, ROOT, Source
from tests.architecture.refusals import Refusals

LONGEST_FILE: Final = 390
LONGEST_FUNCTION: Final = 50
MOST_DECISIONS: Final = 13
MOST_SQL_IN_STRINGS: Final = 7
# Comments per 100 lines of code: most where locks, races and planners decide.
FEWEST_COMMENTS: Final = {
    # Readers of other tools' files map fields: they have few traps, and docstrings say the form.
    "labeling/services/": 5.5,
    "activelearn/services/": 5.8,
    "activelearn/core/": 5.0,
    "": 3.7,
}
FEWEST_TESTS: Final = 51.0
OF_INQUIRIES: Final = re.compile(r"inquir|doubts|my_work|wire/experts|api/urls")
# Names of the API, which outside programs know, and of columns.
OUTSIDE_ANSWERS: Final = {"answered", "ANSWERED", "known_answers", "KNOWN_ANSWERS"} | {
    "answers",  # of a bin of the calibration
    "answered__lte",
}
VAGUE: Final = re.compile(r"\bso\s+many\b", re.IGNORECASE)


@cache
def production() -> list[Source]:
    return figures.sources(*PACKAGES)


@cache
def code_lines() -> int:
    return sum(map(figures.code_lines, production()))


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    sizes = {source.name: source.lines for source in production()}

    assert {name for name, size in sizes.items() if size > LONGEST_FILE} == set()
    assert median(sizes.values()) <= 92
    assert quantiles(sizes.values(), n=10)[-1] <= 245


def test_functions_are_short_and_decide_little() -> None:
    functions = [
        (f"{source.name} {function.name}", function)
        for source in production()
        for function in source.functions
    ]
    lengths = [figures.length(function) for _, function in functions]

    assert [n for n, f in functions if figures.length(f) > LONGEST_FUNCTION] == []
    assert [n for n, f in functions if figures.decisions(f) > MOST_DECISIONS] == []
    assert median(lengths) <= 8
    # Comments count too: a trap that is told may not be cut to fit.
    assert quantiles(lengths, n=10)[-1] <= 23


def test_neither_modules_nor_rooms_import_each_other_in_circles() -> None:
    imports = figures.imports()

    assert figures.circle(imports) == []
    assert figures.circle(figures.rooms_of(imports)) == []


def test_a_circle_of_rooms_is_seen() -> None:
    imports = {
        "labeling.a.b": {"labeling.a.inner.c", "labeling.errors"},
        "labeling.a.inner.c": {"labeling.a.d"},
        "labeling.a.d": set[str](),
        "labeling.errors": set[str](),
    }

    assert figures.circle(imports) == []
    assert set(figures.circle(figures.rooms_of(imports))) == {
        "labeling.a",
        "labeling.a.inner",
    }


def test_everything_is_typed() -> None:
    untyped = [
        f"{source.name} {function.name}"
        for source in production()
        for function in source.functions
        if not figures.is_typed(function)
    ]
    text = "".join(source.text for source in production())

    assert untyped == []
    assert text.count("# type: ignore") <= 6


def test_public_functions_say_what_they_do_and_what_they_raise() -> None:
    public = [
        function
        for source in production()
        for function in source.functions
        if not function.name.startswith("_")
    ]
    with_words = sum(bool(ast.get_docstring(function)) for function in public)

    assert with_words / len(public) >= 0.98
    # A view turns a refusal into an answer, so it may raise one for itself.
    services = [source for source in production() if "/views/" not in source.name]
    assert [
        name for service in services for name in figures.refusals_untold(service)
    ] == []


def test_services_say_which_refusals_they_let_pass() -> None:
    assert Refusals(production()).untold("/services/") == []


def test_a_refusal_that_is_let_pass_is_seen() -> None:
    package = "labeling/services/made_up"
    texts = {
        f"{package}/deep.py": (
            "def read():\n"
            '    """Read; raises NotFoundError."""\n'
            "def _check():\n    raise ConflictError\n"
            "def write():\n    _check()\n"
        ),
        f"{package}/__init__.py": f"from {package.replace('/', '.')}.deep import read",
        "labeling/services/caller.py": (
            "from labeling.services import made_up\n"
            "def silent():\n    return [made_up.read()]\n"
            "def careful():\n"
            "    try:\n        made_up.read()\n"
            "    except NotFoundError:\n        return\n"
            "def careless():\n"
            "    try:\n        made_up.read()\n"
            "    except ValueError:\n        return\n"
            'def frank():\n    """Raises what ``made_up.read`` raises."""\n'
            "    made_up.read()\n"
            'def half():\n    """Raises GoneError."""\n    frank()\n'
            "class Desk:\n"
            "    def __init__(self):\n        made_up.read()\n"
            "    def open(self):\n        self._look()\n"
            "    def _look(self):\n        made_up.read()\n"
            "def sit():\n    return Desk()\n"
        ),
    }
    made = [Source(ROOT / name, text, ast.parse(text)) for name, text in texts.items()]

    assert Refusals(made).untold("/services/") == [
        f"{package}/deep.py:5 write: ConflictError",
        "labeling/services/caller.py:2 silent: NotFoundError",
        "labeling/services/caller.py:9 careless: NotFoundError",
        "labeling/services/caller.py:17 half: NotFoundError",
        "labeling/services/caller.py:23 Desk.open: NotFoundError",
        "labeling/services/caller.py:27 sit: NotFoundError",
    ]


def test_what_is_refused_can_be_said_in_every_language() -> None:
    bare = [name for source in production() for name in figures.untranslated(source)]

    assert bare == []


@pytest.mark.parametrize(
    ("raised", "is_seen"),
    [
        ('InvalidInputError("Bare.")', True),
        ('InvalidInputError(errors={"a": [f"At most {b}."]})', True),
        ('InvalidInputError(errors={"a": ["Bare."]})', True),
        ('InvalidInputError(_(f"At most {b}."))', True),
        ('InvalidInputError(errors={"a": [_("At most %(b)s.") % {"b": b}]})', False),
        ('errors.InvalidInputError("Bare.")', True),
        ('verbatim("Bare.")', True),
        ('ValueError("For us alone.")', False),
    ],
)
def test_words_that_nobody_can_translate_are_seen(
    raised: str, *, is_seen: bool
) -> None:
    source = Source(ROOT / "made_up.py", raised, ast.parse(raised))

    assert bool(figures.untranslated(source)) == is_seen


@pytest.mark.parametrize("folder", FEWEST_COMMENTS)
def test_comments_stand_where_the_traps_are(folder: str) -> None:
    part = [source for source in production() if source.name.startswith(folder)]

    assert figures.comments_per_100(part) >= FEWEST_COMMENTS[folder]


def test_variables_are_named_for_what_they_are() -> None:
    beside = figures.sources("tests", "bench", "tools")

    assert figures.variables([*production(), *beside], "found", "one") == 0
    # One field of the wire is called so, and outside programs read it.
    code = [*production(), *figures.sources("bench", "tools")]
    assert figures.variables(code, "said", "told") <= 1


def test_a_variable_that_could_be_anything_is_seen() -> None:
    text = "def sent(found):\n    one = found\n    return one\n"
    source = Source(ROOT / "made_up.py", text, ast.parse(text))

    assert figures.variables([source], "found", "one") == 4


def test_only_an_inquiry_has_an_answer() -> None:
    """People label, models predict, servers reply."""
    others = [source for source in production() if not OF_INQUIRIES.search(source.name)]
    named = {
        f"{source.name}: {name}"
        for source in others
        for name in figures.names(source)
        if "answer" in name.lower() and name not in OUTSIDE_ANSWERS
    }

    assert named == set()


def test_sentences_have_a_noun_for_what_they_count() -> None:
    files = [
        path
        for folder in (
            "activelearn",
            "config",
            "docs",
            "frontend",
            "labeling",
            "running",
        )
        for ending in ("py", "sql", "html", "js", "css", "md")
        for path in (ROOT / folder).rglob(f"*.{ending}")
        if "node_modules" not in path.parts
    ]
    vague = [path for path in files if VAGUE.search(path.read_text(encoding="utf-8"))]

    assert len(files) > 500
    assert vague == []


def names_of_two(every: list[Source]) -> dict[str, list[str]]:
    """Return the classes and aliases that have one name for two things.

    Django wants each command called ``Command``. A type of the wire has the name of what
    it tells of, and its name is public: in code it is read as ``wire.Item``.
    """
    here = [source for source in every if "/management/commands/" not in source.name]
    wire = [source for source in here if "/api/wire/" in source.name]
    inside = [source for source in here if source not in wire]
    return {
        name: places
        for part in (wire, inside)
        for name, places in figures.types(part).items()
        if len(places) > 1
    }


def test_no_two_types_have_one_name() -> None:
    assert names_of_two(production()) == {}


def test_a_function_without_its_module_means_one_thing() -> None:
    bare = figures.bare_functions(production())

    assert {name: from_ for name, from_ in bare.items() if len(from_) > 1} == {}


def test_sql_stands_whole_in_files_of_its_own() -> None:
    in_strings = sum(map(figures.sql_lines, production()))

    assert in_strings <= MOST_SQL_IN_STRINGS


def test_only_the_boundary_of_a_job_catches_everything() -> None:
    text = "".join(source.text for source in production())

    assert len(re.findall(r"(?:except |suppress\()(?:Base)?Exception", text)) == 1


def test_tests_grow_with_the_code() -> None:
    tests = figures.tests_of(figures.sources("tests"))

    assert 1000 * len(tests) / code_lines() >= FEWEST_TESTS
    assert median(map(figures.length, tests)) <= 12


def test_tests_do_not_patch_our_own_functions() -> None:
    patches = [
        f"{source.name}: {target}"
        for source in figures.sources("tests")
        for target in figures.own_patches(source)
    ]

    assert patches == []


@pytest.mark.parametrize("mark", ["except:", "# type: ignore\n", "import *"])
def test_shortcuts_are_not_taken(mark: str) -> None:
    taken = [source.name for source in production() if mark in source.text]

    assert taken == []


def test_the_budgets_see_a_breach() -> None:
    text = (
        "def check(a, b):\n"
        '    """Check."""\n'
        "    if a and b or not a:\n"
        "        raise ValueError\n"
        "    a('DELETE FROM x')\n"
        '    return f"""\n    SELECT * FROM x\n    WHERE y\n    """\n'
    )
    source = Source(ROOT / "made_up.py", text, ast.parse(text))
    (function,) = source.functions

    assert figures.decisions(function) == 4
    assert figures.length(function) == 9
    assert not figures.is_typed(function)
    assert figures.refusals_untold(source) == ["made_up.py:1 check"]
    assert figures.sql_lines(source) == 5
    assert figures.comments_per_100([source]) == 0


def test_comments_are_counted_against_lines_of_code() -> None:
    text = '"""Say it."""\n# Why.\n\nx = """\n# no comment\n"""\ny = 1  # noqa\n'
    source = Source(ROOT / "made_up.py", text, ast.parse(text))

    assert figures.comments_per_100([source]) == 25


def test_a_name_for_two_things_is_seen() -> None:
    places = ("labeling/a.py", "labeling/api/wire/a.py", "activelearn/api/wire/b.py")
    text = "from labeling.a import of\nclass Page: ...\ndef of(): ...\n"
    made = [Source(ROOT / place, text, ast.parse(text)) for place in places]

    assert names_of_two(made) == {"Page": list(places[1:])}
    assert names_of_two(made[:2]) == {}
    assert figures.bare_functions(made) == {"of": {"labeling.a"}}


@pytest.mark.parametrize(
    ("there", "is_seen"),
    [
        ("Rows = tuple[int, ...]", True),
        ("Rows: TypeAlias = list[str]", True),
        ("class Rows: ...", True),
        ("Rows = list[int]", False),
        ("Rows = tables.Rows", False),
        ("ROWS = tuple[int, ...]", False),
    ],
)
def test_an_alias_for_two_things_is_seen(there: str, *, is_seen: bool) -> None:
    made = [
        Source(ROOT / place, text, ast.parse(text))
        for place, text in (
            ("labeling/a.py", "Rows = list[int]"),
            ("labeling/b.py", there),
        )
    ]

    assert ("Rows" in names_of_two(made)) is is_seen


@pytest.mark.parametrize(
    ("form", "allowed"),
    [
        # A kind has its own attributes (work/kinds.py); its name is only a name.
        (r"kind\.(startswith|split)\(", ()),
        # One way of paging.
        (r"\b\w*Paginator\(|CursorPagination", ("labeling/paging.py",)),
        # A vote is written in one place.
        (
            r"Annotation\.\w+(\.\w+\([^)]*\))*\.(bulk_)?(create|update|delete)\(",
            ("labeling/services/votes/",),
        ),
        (r"(?i)(insert into|update|delete from)\s+labeling_annotation\b", ()),
    ],
)
def test_what_has_one_place_is_done_nowhere_else(
    form: str, allowed: tuple[str, ...]
) -> None:
    taken = [
        f"{source.name}: {match[0]}"
        for source in production()
        if not source.name.startswith(allowed)
        if "/migrations/" not in source.name
        for match in re.finditer(form, source.text)
    ]

    assert taken == []


def test_statements_that_write_votes_stand_in_one_file() -> None:
    writes = re.compile(
        r"(?i)(insert\s+into|update|delete\s+from)\s+labeling_annotation\b"
    )
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.sql")
        if writes.search(path.read_text())
    }

    assert files == {"labeling/services/votes/votes.sql"}


def test_no_migration_replaces_others() -> None:
    squashed = [
        path.name
        for package in PACKAGES
        for path in (ROOT / package).rglob("migrations/*.py")
        if re.search(r"^    replaces\b", path.read_text(), re.MULTILINE)
    ]

    assert squashed == []


@pytest.mark.parametrize(
    ("call", "is_seen"),
    [
        ('monkeypatch.setattr("labeling.rules.draw", f)', True),
        ('monkeypatch.setattr(rules, "draw", f)', True),
        ('monkeypatch.setattr(rules.Verdict, "open", f)', True),
        ('monkeypatch.setitem(rules.SQL, "draw", f)', True),
        ('monkeypatch.setattr(whole, "draw", f)', True),
        ('mock.patch("labeling.rules.draw")', True),
        ('mock.patch.object(rules, "draw")', True),
        ("rules.MOST = 3", True),
        ("whole.MOST += 3", True),
        ('monkeypatch.setattr("labeling.rules.random.random", f)', False),
        ('monkeypatch.setattr(random, "random", f)', False),
    ],
)
def test_a_patch_of_our_own_is_seen(call: str, *, is_seen: bool) -> None:
    text = (
        "import random\nimport labeling.rules as whole\nfrom labeling import rules\n"
        f"{call}\n"
    )
    source = Source(ROOT / "made_up.py", text, ast.parse(text))

    assert bool(figures.own_patches(source)) == is_seen
