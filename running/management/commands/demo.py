"""``assay demo``: three projects on real data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labeling.models import User
from running.demo import load


class Command(BaseCommand):
    """Load the demo and print its log-ins once."""

    help = "Load three demo projects; new log-ins are printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to leave an installation alone that has users."""
        parser.add_argument(
            "--once", action="store_true", help="do nothing where accounts exist"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load what is missing."""
        if options["once"] and User.objects.exists():
            return
        passwords = load.people()
        for slug in load.load_all():
            self.stdout.write(f"loaded project {slug}")
        for name, password in passwords.items():
            self.stdout.write(f"log in as {name} with {password}")
