"""``assay export PROJECT``: send everything out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.management.arguments import project_named
from labeling.services.transfer import exporting


class Command(BaseCommand):
    """Write a project's items, labels and votes."""

    help = "Write items with labels, votes and provenance."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project, format and where to write."""
        parser.add_argument("project")
        parser.add_argument(
            "--format",
            choices=list(exporting.KINDS),
            default="jsonl",
            help="parquet and huggingface need the extra parquet",
        )
        parser.add_argument(
            "--bom", action="store_true", help="a CSV that Excel knows as UTF-8"
        )
        parser.add_argument(
            "--fields", action="store_true", help="a CSV with a column for each field"
        )
        parser.add_argument(
            "--embeddings",
            action="store_true",
            help="predictions from outside with their embeddings, as base64",
        )
        parser.add_argument("--output", type=Path, help="a file; else standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the export; what proves it goes to standard error.

        Raises CommandError for an unknown project, and where the export is refused.
        """
        project = project_named(options["project"])
        try:
            style = exporting.CsvStyle(bom=options["bom"], has_fields=options["fields"])
            export = exporting.stream(
                project,
                options["format"],
                {},
                style,
                with_embeddings=options["embeddings"],
            )
        except AssayError as error:
            raise CommandError(str(error)) from error
        if options["output"] is None:
            sys.stdout.buffer.writelines(export)
        else:
            with options["output"].open("wb") as file:
                file.writelines(export)
        self.stderr.write(
            f"{export.rows} rows as of {export.at.isoformat()}, SHA-256 {export.sha256}",
            style_func=str,
        )
