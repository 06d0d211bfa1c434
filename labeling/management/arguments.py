"""What several commands of ``assay`` take: a project, and a file with how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from labeling.models import Project, Upload
from labeling.services.transfer import importing
from labeling.services.transfer.foreign import INCOMING

_READING: Final = ("encoding", "delimiter", "header", "sheet", "tool")


def project_named(slug: str) -> Project:
    """Return a project; raises CommandError where there is none of this name."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise CommandError(f"There is no project {slug!r}.")
    return project


def add_columns(parser: CommandParser, roles: str) -> None:
    """Take what the file's columns are, and its labels."""
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=ROLE",
        help=f"what a column is: {roles}",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="FILE=OURS",
        help="what a label of the file is called here",
    )


def add_reading(parser: CommandParser) -> None:
    """Take how a file is read, where that is not to be found in the file."""
    parser.add_argument("--encoding", default="", help="such as cp1252")
    parser.add_argument("--delimiter", default="", help="one character, tab or none")
    parser.add_argument("--header", default="", help="yes or no")
    parser.add_argument("--sheet", default="", help="of an Excel workbook")
    parser.add_argument(
        "--tool", default="", help=f"whose export it is: none, {', '.join(INCOMING)}"
    )


def pairs_of(given: list[str]) -> dict[str, str]:
    """Return pairs that are written ``NAME=MEANING``, by name."""
    pairs = [pair.rpartition("=") for pair in given]
    return {name: meaning for name, _sign, meaning in pairs}


def staged(project: Project, path: Path, options: Mapping[str, Any]) -> Upload:
    """Return a file as it waits for its import.

    Raises OSError where it cannot be opened, InvalidInputError where it cannot be
    understood, and TooLargeError beyond IMPORT_MAX_MB.
    """
    choice = importing.choice_of(*(options[name] for name in _READING))
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(2**16), b"")
        return importing.stage(project, None, path.name, pieces, choice)
