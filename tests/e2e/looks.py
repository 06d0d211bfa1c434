"""Light, dark and on a phone: what a page is in each look, and what is wrong with it.

With ``ASSAY_SCREENSHOTS=folder`` the pictures are kept; those of the README are made so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
}

AT_REST = """() => Promise.race([
  new Promise((done) => setTimeout(done, 1000)),
  Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null))),
])"""

# What is in order need not be listed. Style sheets are not read again: axe would write
# those with an @import into the page, which the Content-Security-Policy forbids, and
# only an experimental rule looks at them.
OPTIONS: dict[str, Any] = {
    "resultTypes": ["violations"],
    "preload": {"assets": ["media"]},
}
# The dark look is the light one in other colors: only what looks at colors runs again.
COLORS: dict[str, Any] = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}

# Fields that stand out of the frame around them.
OUTSIDE = """() => [...document.querySelectorAll("fieldset :is(input, select, textarea)")]
  .filter((field) => field.checkVisibility()
    && field.getBoundingClientRect().right
      > field.closest("fieldset").getBoundingClientRect().right + 1)
  .map((field) => `${field.name} stands out of its frame`)"""


def each_look(page: Page) -> Iterator[str]:
    """Show a page on a phone, dark, and at last light; yield the name of each look."""
    for look, settings in LOOKS.items():
        page.set_viewport_size(settings["viewport"])
        page.emulate_media(color_scheme=settings["color_scheme"])
        # Colors change over a moment: what is looked at is where they end.
        page.evaluate(AT_REST)
        yield look


def keep_picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """Keep a picture of a page where pictures are asked for."""
    if folder := os.environ.get("ASSAY_SCREENSHOTS"):
        target = Path(folder) / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, full_page=full_page)


def serious(page: Page, *, colors_only: bool = False) -> list[str]:
    """Return axe's findings of impact serious or critical."""
    # Half a megabyte of script: once for a page, not once for each of its looks.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = OPTIONS | COLORS if colors_only else OPTIONS
    report = page.evaluate("(options) => axe.run(options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in report["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def problems(page: Page, name: str, *, full_page: bool = False) -> list[str]:
    """Return where a page is not accessible, or wider than its window, in any look."""
    wrong = []
    for look in each_look(page):
        keep_picture(page, f"{name}-{look}", full_page=full_page)
        breaches = serious(page, colors_only=look == "dark")
        wrong += [f"{name}, {look}: {breach}" for breach in breaches]
        wrong += [f"{name}, {look}: {element}" for element in page.evaluate(OUTSIDE)]
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        if wide > LOOKS[look]["viewport"]["width"]:
            wrong.append(f"{name}, {look}: {wide} px wide")
    return wrong
