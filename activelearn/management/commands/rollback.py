"""``assay rollback PROJECT``: have what served before answer each call again, at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activelearn.services.versions import registry, releases
from labeling.errors import ConflictError, InvalidInputError
from labeling.management.arguments import project_named


class Command(BaseCommand):
    """Stop an online test or, where none goes on, take the champion out of service."""

    help = (
        "Stop the online test that goes on; without one, bring the last champion back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project and reason."""
        parser.add_argument("project")
        parser.add_argument("--reason", default="rolled back on the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what serves.

        Raises CommandError where there is no such project, nothing to go back to, or the
        reason is too long.
        """
        project, why = project_named(options["project"]), options["reason"]
        try:
            if test := releases.running(project.pk):
                releases.stop(test, None, why)
                number = test.champion.number
                self.stdout.write(f"the test is stopped; version {number} serves")
                return
            serving = registry.champion(project)
            if serving is None:
                raise CommandError("no model serves")
            again = registry.rollback(serving, None, why)
        except (ConflictError, InvalidInputError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"version {again.number} serves again")
