"""Static files as they are served: hashed names, and our JavaScript without its comments."""

from __future__ import annotations

import re
from typing import Final

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS: Final = "js/"
# Only comments that have their lines to themselves: what stands beside code may be a string.
_COMMENTS: Final = re.compile(
    r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.DOTALL | re.MULTILINE
)


# A template literal that ends on its line and holds no other.
_TEMPLATE: Final = re.compile(r"`(?:\\.|\$\{[^`{}]*\}|\$(?!\{)|[^`\\$])*`")
_OPEN_COMMENT: Final = re.compile(r"/\*(?!.*\*/)")


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
        """Keep a file; types and explanations do not travel to browsers."""
        if name.startswith(OURS) and name.endswith(".js"):
            # Whoever made the hash has read the file to its end.
            content.seek(0)
            source = content.read()
            text = source.decode() if isinstance(source, bytes) else source
            content = ContentFile(without_comments(text).encode())
        return super()._save(name, content)
