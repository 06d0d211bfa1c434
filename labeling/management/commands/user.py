"""``assay user create NAME…``: make accounts; ``assay user password NAME…``: new passwords."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.errors import AssayError
from labeling.services.accounts import names, passwords
from labeling.services.projects import members


class Command(BaseCommand):
    """Create accounts, or give them new passwords; print each password once."""

    help = "Create accounts or give them new passwords; each is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action, the names and whether they may create projects."""
        parser.add_argument("action", choices=["create", "password"])
        parser.add_argument("names", nargs="+", metavar="NAME")
        parser.add_argument(
            "--manager", action="store_true", help="may create projects"
        )
        parser.add_argument(
            "--keep-tokens",
            action="store_true",
            help="with a new password: tokens for programs go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it for one after the other.

        Raises CommandError for a name that is taken or not possible, and where there is
        no such account.
        """
        if options["action"] == "password":
            for name in options["names"]:
                self._renew(name, ends_tokens=not options["keep_tokens"])
            return
        for name in options["names"]:
            try:
                _, password = members.create_user(name, manager=options["manager"])
            except AssayError as error:
                raise CommandError(f"{name}: {error.extra or error.detail}") from error
            self.stdout.write(f"{name} {password}")

    def _renew(self, name: str, *, ends_tokens: bool) -> None:
        if (user := names.find(name)) is None:
            raise CommandError(f"There is no account {name!r}.")
        password, ended = passwords.make_anew(user, ends_tokens=ends_tokens)
        self.stdout.write(f"{user.username} {password}")
        self.stderr.write(
            f"{user.username}: {ended.sessions} sessions and {ended.tokens} tokens ended",
            style_func=str,
        )
