"""``assay train PROJECT``: ask for a training run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activelearn.services.training import triggers
from labeling.errors import InvalidInputError
from labeling.management.arguments import project_named


class Command(BaseCommand):
    """Ask the worker to train."""

    help = "Ask for a training run; a worker does it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project and reason."""
        parser.add_argument("project")
        parser.add_argument("--reason", default="asked for on the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for a run; one that already waits will do.

        Raises CommandError where there is no such project, or the reason is too long.
        """
        project = project_named(options["project"])
        try:
            run, is_new = triggers.request(project, None, options["reason"])
        except InvalidInputError as error:
            raise CommandError(str(error)) from error
        how = "has learned the same" if run.verdict else "waits already"
        self.stdout.write(f"run #{run.pk} {'asked for' if is_new else how}")
