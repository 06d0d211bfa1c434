"""docs/settings.md: every setting of a project, from where it is declared.

``python -m tools.settings_page`` writes it; a test compares.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import django

if TYPE_CHECKING:
    from labeling.models.setting import Setting

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD: Final = """# Settings of a project

Managers change them on the page *Settings*; programs by `POST /api/projects/` and `PATCH /api/projects/{slug}/`, under these names.
Where there is a choice, the first words are the program's and the rest is the page's. *Read by* names the rooms of the code
that act on a setting: those of `labeling/services`, and the learner (`activelearn`). Written by `make settings`: each
setting is declared once, in `labeling/models/policy.py` or `activelearn/models/policy.py`.
"""


def page() -> str:
    """Return the page, in English."""
    from labeling.services.projects import policy

    tables = [HEAD]
    ordered = sorted(policy.settings().values(), key=_place_of_groups())
    for heading, settings in groupby(
        ordered, lambda setting: str(setting.group.heading)
    ):
        tables.append(f"## {heading}\n\n{_table(settings)}")
    return "\n".join(tables)


def _place_of_groups() -> Any:
    from labeling.services.projects import policy

    groups = [setting.group for setting in policy.settings().values()]
    return lambda setting: groups.index(setting.group)


def _table(settings: Iterator[Setting]) -> str:
    head = "| setting | on the page | value | unless changed | what it does | read by |"
    lines = [head, "| --- | --- | --- | --- | --- | --- |"]
    lines += [
        f"| `{setting.name}` | {setting.words} | {_value(setting)} | {_default(setting)}"
        f" | {setting.field.help_text} | {', '.join(setting.read_by)} |"
        for setting in settings
    ]
    return "\n".join(lines) + "\n"


def _value(setting: Setting) -> str:
    field = setting.field
    choices = getattr(field, "base_field", field).choices
    if hasattr(field, "base_field"):
        return "a list of " + ", ".join(f"`{value}`" for value, _ in choices or ())
    if choices:
        return "; ".join(f"`{value}` ({words})" for value, words in choices)
    if field.get_internal_type() == "CharField":
        return f"a text of at most {field.max_length} characters"
    return "`true` or `false`" if setting.least is None else _range(setting)


def _range(setting: Setting) -> str:
    if setting.field.get_internal_type() == "FloatField":
        return f"{setting.least:g} to {setting.most:g}"
    top = setting.most or 0
    return f"whole, {setting.least} {f'to {top}' if top < 10**6 else 'or more'}"


def _default(setting: Setting) -> str:
    default = setting.field.get_default()
    if isinstance(default, list):
        return "all"
    if default == "":
        return "empty"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def main() -> None:
    """Write the page."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
