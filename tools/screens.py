"""``make screens``: a sheet of each screen, light, dark and on a phone, for the docs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parents[1]
SHEETS: Final = ROOT / "docs" / "images" / "screens"
PAGE: Final = ROOT / "docs" / "screens.md"
LOOKS: Final = ("light", "dark", "phone")
HEIGHT: Final = 480
GAP: Final = 12
INTRO: Final = """# Screens

Every screen as the browser tests see it: light, dark, and on a phone. `make screens` takes them anew.
"""


def take(folder: Path) -> None:
    """Let the browser test of the screens leave its pictures in a folder."""
    subprocess.run(  # noqa: S603 (our own words)
        [
            sys.executable,
            *("-m", "pytest", "-q", "-n0"),
            *("tests/e2e/test_screens.py", "tests/e2e/test_oidc.py"),
            *("-k", "accessible_and_fit"),
        ],
        cwd=ROOT,
        env={"SECRET_KEY": "screens", **os.environ, "ASSAY_SCREENSHOTS": str(folder)},
        check=True,
    )


def sheet(folder: Path, name: str) -> Image.Image:
    """Return the looks of a screen side by side."""
    looks = [Image.open(folder / f"{name}-{look}.png").convert("RGB") for look in LOOKS]
    small = [
        look.resize(
            (look.width * HEIGHT // look.height, HEIGHT), Image.Resampling.LANCZOS
        )
        for look in looks
    ]
    width = sum(look.width for look in small) + GAP * (len(small) - 1)
    made = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for look in small:
        made.paste(look, (left, 0))
        left += look.width + GAP
    return made


def main() -> None:
    """Take all screens and write the sheets and the page that shows them."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        take(folder)
        names = sorted(
            path.name.removesuffix("-light.png") for path in folder.glob("*-light.png")
        )
        for name in names:
            sheet(folder, name).save(SHEETS / f"{name}.webp", quality=82, method=6)
    parts = [
        f"## {name.replace('-', ' ').capitalize()}\n\n![{name}](images/screens/{name}.webp)\n"
        for name in names
    ]
    PAGE.write_text("\n".join([INTRO, *parts]), encoding="utf-8")


if __name__ == "__main__":
    main()
