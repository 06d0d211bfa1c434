"""Static files as they are served, under hashed names.

Our JavaScript goes without its comments, and a style sheet with those that it imports
in one file: a page asks for as few of them as if nobody had split them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

SCRIPTS: Final = "js/"
SHEETS: Final = "css/"
# Only comments that have their lines to themselves: what stands beside code may be a string.
_COMMENTS: Final = re.compile(
    r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE
)


# A template literal that ends on its line and holds no other.
_TEMPLATE: Final = re.compile(r"`(?:\\.|\$\{[^`{}]*\}|\$(?!\{)|[^`\\$])*`")
_OPEN_COMMENT: Final = re.compile(r"/\*(?!.*\*/)")
_HASHED: Final = re.compile(r"\.[0-9a-f]{12}\.css$")
# No text of ours holds one of these marks.
_REMARKS: Final = re.compile(r"[ \t]*/\*.*?\*/\n?", re.DOTALL)
_IMPORT: Final = re.compile(
    r'^@import (?:url\()?"([\w/-]+)(?:\.[0-9a-f]{12})?\.css"\)?;\n', re.MULTILINE
)


def whole_sheet(sheet: str, read: Callable[[str], str]) -> str:
    """Return a style sheet with those that it imports in their places, without comments.

    What is imported may name no other file: its paths would begin elsewhere.
    """
    whole = _IMPORT.sub(lambda named: read(f"{named[1]}.css"), sheet)
    return _REMARKS.sub("", whole)


def without_comments(source: str) -> str:
    """Return a module without its comments; every line keeps its number.

    Where a text may run over several lines, what looks like a comment may be a part of
    it: such a module stays as it is.
    """
    code = _COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    return source if any(map(_may_go_on, code.split("\n"))) else code


def _may_go_on(line: str) -> bool:
    """Whether a text or a comment may reach from this line into the next."""
    rest = _TEMPLATE.sub("", line)
    return "`" in rest or rest.endswith("\\") or bool(_OPEN_COMMENT.search(rest))


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Rewrite the paths in ``import`` statements to the hashed names."""

    support_js_module_import_aggregation = True

    def _save(self, name: str, content: File[bytes]) -> str:
        """Keep a file as browsers get it."""
        if name.startswith(SCRIPTS) and name.endswith(".js"):
            content = _changed(content, without_comments)
        # Under its own name a sheet comes before those that it imports are here.
        if name.startswith(SHEETS) and _HASHED.search(name):
            folder = PurePosixPath(name).parent
            content = _changed(
                content,
                lambda sheet: whole_sheet(
                    sheet, lambda other: self._text(str(folder / other))
                ),
            )
        return super()._save(name, content)

    def _text(self, name: str) -> str:
        with self.open(name) as kept:
            return kept.read().decode()


def _changed(content: File[bytes], change: Callable[[str], str]) -> File[bytes]:
    # Whoever made the hash has read the file to its end.
    content.seek(0)
    source = content.read()
    text = source.decode() if isinstance(source, bytes) else source
    return ContentFile(change(text).encode())
