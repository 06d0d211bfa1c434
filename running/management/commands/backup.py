"""``assay backup FILE``: everything in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from running import backup


class Command(BaseCommand):
    """Write a backup while people go on working."""

    help = "Write database, media and models to one file."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to write."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it.

        Raises CommandError where it cannot be written.
        """
        try:
            size = backup.write(options["file"].absolute())
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['file']}: {size / 2**20:.1f} MiB")
