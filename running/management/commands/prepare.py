"""``assay prepare``: what must be done before the parts start, in one process."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.database import schema


class Command(BaseCommand):
    """Make tables or migrate, collect static files, load the demo once."""

    help = "Apply migrations, collect static files and, on a new home, load the demo."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to load the demo."""
        parser.add_argument("--without-demo", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do all of it; doing it again changes nothing.

        Raises CommandError where a newer Assay has used the database.
        """
        if unknown := schema.unknown():
            raise CommandError(
                f"This database was used by a newer Assay: it has {unknown[0]}. Start that "
                "one, or restore a backup that was made before it was updated."
            )
        schema.begin()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        if not options["without_demo"]:
            call_command("demo", once=True)
