"""``assay token USER…``: make API tokens."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.models import ApiToken, User


class Command(BaseCommand):
    """Print a new token for each user."""

    help = "Make an API token for each user and print it once: USER TOKEN."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names."""
        parser.add_argument("users", nargs="+", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them one by one.

        Raises CommandError where there is no such account.
        """
        for name in options["users"]:
            user = User.objects.filter(username=name).first()
            if user is None:
                raise CommandError(f"There is no account {name!r}.")
            self.stdout.write(f"{name} {ApiToken.issue(user, name='command line')}")
