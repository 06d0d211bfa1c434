"""``assay member PROJECT ROLE USER…``: give people a role."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.management.arguments import project_named
from labeling.models import Membership
from labeling.services.accounts import names
from labeling.services.projects import members


class Command(BaseCommand):
    """Make users members of a project."""

    help = "Give users a role in a project."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take project, role and names."""
        parser.add_argument("project")
        parser.add_argument("role", choices=Membership.Role.values)
        parser.add_argument("users", nargs="+", metavar="USER")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them one by one.

        Raises CommandError where there is no such project or account; those before are
        members then.
        """
        project = project_named(options["project"])
        for name in options["users"]:
            if (user := names.find(name)) is None:
                raise CommandError(f"There is no account {name!r}.")
            members.add(project, user, options["role"])
            self.stdout.write(f"{user.username} is {options['role']} of {project.slug}")
