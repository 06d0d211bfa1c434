"""What Assay brings along may be used, changed and passed on by everybody."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = ("requirements.lock", "requirements-extras.lock")
TEXTS: Final = "".join((ROOT / name).read_text() for name in LOCKS)
NAMES: Final = re.findall(r"^([A-Za-z0-9._-]+)==", TEXTS, re.MULTILINE)
FREE: Final = re.compile(
    r"\b(MIT(-CMU)?|New BSD|BSD|BSD-[23]-Clause|0BSD|Apache|Apache-2\.0|ISC|Zlib|CC0-1\.0"
    r"|PSF-2\.0|MPL-2\.0|Mozilla Public License 2\.0|Python Software Foundation)\b"
)
# Used as they are, as packages of their own: their license asks no more of that.
LINKED: Final = {
    "pi-heif": "GNU Lesser General Public License v3 (LGPLv3)",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
}


def license_of(name: str) -> str:
    """Return what a package says of its license, by the strictest of its fields."""
    named = distribution(name).metadata
    classified = [
        line.rpartition("::")[2].strip()
        for line in named.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    # A field of old may hold the whole text: its first lines name it.
    text = "\n".join((named["License"] or "").splitlines()[:3])
    return named["License-Expression"] or " ".join(classified) or text


@pytest.mark.parametrize("name", NAMES)
def test_a_package_that_comes_along_is_free(name: str) -> None:
    named = license_of(name)

    if name in LINKED:
        assert named == LINKED[name]
        return
    assert FREE.search(named), named
    assert not re.search(r"\b[AL]?GPL|GNU|SSPL|BUSL|Commons Clause", named), named
