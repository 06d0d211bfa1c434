"""What is served of the static files."""

from __future__ import annotations

from pathlib import Path

from django.core.files.base import ContentFile

from config.static import ModuleManifestStorage, without_comments

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


def test_only_our_own_modules_are_served_without_comments(tmp_path: Path) -> None:
    storage = ModuleManifestStorage(location=str(tmp_path))

    for name in ("js/a.js", "admin/js/a.js"):
        storage.save(name, ContentFile(MODULE.encode()))

    assert (tmp_path / "js/a.js").read_text() == without_comments(MODULE)
    assert (tmp_path / "admin/js/a.js").read_text() == MODULE
