"""``assay reproduce PROJECT VERSION``: make a version once more and compare."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activelearn.core.artifact import DamagedError
from activelearn.services.training import reproducing
from activelearn.services.versions import registry
from labeling.errors import AssayError
from labeling.management.arguments import project_named


class Command(BaseCommand):
    """Fit the version's snapshot here and now; nothing is changed."""

    help = "Make a version once more from its snapshot, and compare it bit for bit."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the project and the version's number."""
        parser.add_argument("project")
        parser.add_argument("version", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and say what is otherwise than then.

        Raises CommandError where it is another one, or cannot be made.
        """
        project = project_named(options["project"])
        try:
            version = registry.version(project, options["version"])
            made = reproducing.reproduce(version)
        except (AssayError, DamagedError) as error:
            raise CommandError(str(error)) from error
        for difference in made.differences:
            self.stdout.write(f"- {difference}")
        if not made.is_same:
            how = (
                "other labels"
                if made.change is None
                else f"probabilities differ by up to {made.change:.1e}"
            )
            raise CommandError(
                f"{version} is another model ({how}): {made.sha256}, {version.sha256}"
            )
        self.stdout.write(f"{version} is the same, bit for bit: {version.sha256}")
