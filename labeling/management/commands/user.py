"""``assay user create NAME…``: make accounts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.services.projects import members


class Command(BaseCommand):
    """Create accounts and print each password once."""

    help = "Create accounts; each new password is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action, the names and whether they may create projects."""
        parser.add_argument("action", choices=["create"])
        parser.add_argument("names", nargs="+", metavar="NAME")
        parser.add_argument(
            "--manager", action="store_true", help="may create projects"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create them one by one.

        Raises CommandError for a name that is taken or not possible.
        """
        for name in options["names"]:
            try:
                _, password = members.create_user(name, manager=options["manager"])
            except AssayError as error:
                raise CommandError(f"{name}: {error.extra or error.detail}") from error
            self.stdout.write(f"{name} {password}")
