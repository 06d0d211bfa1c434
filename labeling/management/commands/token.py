"""``assay token USER…``: make API tokens, list them, revoke them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.models import User
from labeling.services.accounts import names, tokens


class Command(BaseCommand):
    """Print a new token for each user, or what tokens they have, or end those."""

    help = "Make an API token for each user and print it once: USER TOKEN."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the names."""
        parser.add_argument("users", nargs="+", metavar="USER")
        parser.add_argument("--name", default="command line", help="what it is for")
        parser.add_argument("--days", type=int, help="when it ends; else never")
        parser.add_argument(
            "--list", action="store_true", help="list their tokens, without the keys"
        )
        parser.add_argument(
            "--revoke",
            metavar="ID",
            help="end the token with this number, or all",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it for one after the other.

        Raises CommandError where there is no such account or token, or a value is not
        possible.
        """
        for name in options["users"]:
            if (user := names.find(name)) is None:
                raise CommandError(f"There is no account {name!r}.")
            try:
                self._do(user, options)
            except AssayError as error:
                raise CommandError(f"{name}: {error}") from error

    def _do(self, user: User, options: dict[str, Any]) -> None:
        if options["list"]:
            for token in user.api_tokens.order_by("pk"):
                used, ends = (_day(at) for at in (token.used_at, token.expires_at))
                made = _day(token.created_at)
                self.stdout.write(
                    f"{user.username} {token.pk} {token.name!r}: made {made}, "
                    f"last used {used}, ends {ends}"
                )
        elif options["revoke"] == "all":
            self.stdout.write(f"{user.username}: {tokens.revoke_all(user)} revoked")
        elif options["revoke"] is not None:
            number = options["revoke"]
            tokens.revoke(user, int(number) if number.isdecimal() else 0)
            self.stdout.write(f"{user.username}: token {number} was revoked")
        else:
            issued = tokens.issue(user, options["name"], days=options["days"])
            self.stdout.write(f"{user.username} {issued.key}")


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else "never"
