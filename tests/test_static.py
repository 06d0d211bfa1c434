"""What is served of the static files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from config.static import ModuleManifestStorage, without_comments
from tests.running.machine import ROOT

MODULE = """/**
 * What it is for.
 */
import { a } from "./a.js";
// Why.
const url = "https://example.org"; // beside code
/** @type {string} */
export const b = a(/** @type {string} */ (url), "/** no */");
/** One. */ const c = 1;
/** Two. */
"""
STATIC = ROOT / "frontend/static"
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.\w+\b)")


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Our static files as ``assay up`` lays them out for browsers."""
    source = FileSystemStorage(location=STATIC)
    storage = ModuleManifestStorage(location=tmp_path, base_url="/static/")
    names = [str(p.relative_to(STATIC)) for p in STATIC.rglob("*") if p.is_file()]
    for name in names:
        with source.open(name) as content:
            storage.save(name, content)
    for _, _, problem in storage.post_process({name: (source, name) for name in names}):
        assert not isinstance(problem, Exception), problem
    return tmp_path


def test_a_module_under_its_hashed_name_is_the_one_that_we_wrote(served: Path) -> None:
    hashed = [path for path in served.rglob("*.js") if HASH.search(path.name)]

    assert len(hashed) == len(list(STATIC.rglob("*.js")))
    for path in hashed:
        name = HASH.sub("", str(path.relative_to(served)))
        source = (STATIC / name).read_text()
        assert HASH.sub("", path.read_text()) == without_comments(source)


def test_a_module_imports_others_under_their_hashed_names(served: Path) -> None:
    for path in served.rglob("*.js"):
        if HASH.search(path.name):
            for other in re.findall(
                r'(?:from |import\()"(\./[^"]+)"', path.read_text()
            ):
                assert HASH.search(other), path.name
                assert (path.parent / other).is_file()


def test_comments_go_lines_stay_and_what_stands_beside_code_is_not_touched() -> None:
    assert without_comments(MODULE).split("\n") == [
        *("", "", ""),
        'import { a } from "./a.js";',
        "",
        'const url = "https://example.org"; // beside code',
        "",
        'export const b = a(/** @type {string} */ (url), "/** no */");',
        "/** One. */ const c = 1;",
        *("", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "`one\n// two\n`",
        "`${a ? `\n// two\n` : ''}`",
        "`a ${`b` + `\n/** two */\n`}`",
        '"one \\\n// two"',
        "/* one\n// two */ 1",
        "/`/.exec(`\n// two\n`)",
    ],
)
def test_a_module_with_a_text_over_several_lines_is_served_as_it_is(text: str) -> None:
    source = f"// Why.\nconst a = {text};\n"

    assert without_comments(source) == source


@pytest.mark.parametrize(
    "text", ["`// ${a} \\` $1`", '"// /** */"', "`/* ${a(1)}`", "/* beside */ 1"]
)
def test_a_text_on_one_line_is_kept_and_the_comments_around_it_go(text: str) -> None:
    code = f"const a = {text};"

    assert without_comments(f"// Why.\n{code}\n// Then.\n") == f"\n{code}\n\n"


def test_only_our_own_modules_are_served_without_comments(tmp_path: Path) -> None:
    storage = ModuleManifestStorage(location=str(tmp_path))

    for name in ("js/a.js", "admin/js/a.js"):
        storage.save(name, ContentFile(MODULE.encode()))

    assert (tmp_path / "js/a.js").read_text() == without_comments(MODULE)
    assert (tmp_path / "admin/js/a.js").read_text() == MODULE
