"""``assay score PROJECT``: score the pool anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activelearn.services.versions import registry, requests
from labeling.models import Project


class Command(BaseCommand):
    """Ask the worker to score and rank."""

    help = "Ask for the pool to be scored by the champion; a worker does it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the project."""
        parser.add_argument("project")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for it.

        Raises CommandError where no model serves the project, or there is none.
        """
        project = Project.objects.filter(slug=options["project"]).first()
        champion = registry.champion(project) if project else None
        if champion is None:
            raise CommandError("There is no such project, or no model serves it yet.")
        requests.request_scores(champion)
        self.stdout.write(f"scoring with version {champion.number} asked for")
