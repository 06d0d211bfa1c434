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
    lay_out(STATIC, tmp_path)
    return tmp_path


def lay_out(folder: Path, target: Path) -> dict[str, str]:
    """Lay out the files of a folder; return the hashed name of each."""
    source = FileSystemStorage(location=folder)
    storage = ModuleManifestStorage(location=target, base_url="/static/")
    files = [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()]
    for name in files:
        storage.delete(name)
        with source.open(name) as content:
            storage.save(name, content)
    for _, _, problem in storage.post_process({name: (source, name) for name in files}):
        assert not isinstance(problem, Exception), problem
    return {name: storage.stored_name(name) for name in files}


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


def test_a_sheet_is_served_with_all_that_it_imports(tmp_path: Path) -> None:
    hashed = lay_out(STATIC, tmp_path)
    pages, parts = (tmp_path / hashed[f"css/{name}.css"] for name in ("pages", "assay"))

    for sheet in (pages, parts):
        assert "@import" not in sheet.read_text()
    for name in ("page", "plot", "decision"):
        what, rules = (STATIC / f"css/pages/{name}.css").read_text().split("\n", 1)
        assert rules.split("/*")[0] in pages.read_text()
        assert what not in pages.read_text()
    assert parts.read_text().index("@layer reset, ") < parts.read_text().index("{")


def test_a_sheet_has_another_name_when_one_that_it_imports_has_changed(
    tmp_path: Path,
) -> None:
    names = []
    for color in ("red", "blue"):
        folder = tmp_path / color
        (folder / "css/parts").mkdir(parents=True)
        (folder / "css/parts/a.css").write_text(f"a {{\n  color: {color};\n}}\n")
        (folder / "css/all.css").write_text('@import "parts/a.css";\n')
        laid_out = lay_out(folder, tmp_path / "served")
        names.append(laid_out["css/all.css"])

    assert names[0] != names[1]
    assert "blue" in (tmp_path / "served" / names[1]).read_text()


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
