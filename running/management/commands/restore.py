"""``assay restore FILE``: a backup's data in place of what is here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from running import backup


class Command(BaseCommand):
    """Bring a backup back; web and workers restart their work by themselves."""

    help = "Restore a backup into an empty installation, or with --force over this one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the backup, and whether it may replace data."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace what is here")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring it back.

        Raises CommandError where it cannot be read, or would write over something.
        """
        try:
            backup.restore(options["file"], is_forced=options["force"])
        except (backup.BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("restored")
