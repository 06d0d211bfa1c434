"""Run a command: ``python manage.py COMMAND``, the same as ``assay COMMAND``.

``assay`` alone is ``assay up``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from running import finding


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    words = sys.argv if len(sys.argv) > 1 else [*sys.argv, "up"]
    try:
        finding.choose(words[1], Path(__file__).resolve().parent)
        if words[1] == "up":
            # It watches processes for days; models and learner are theirs alone.
            from running.management.commands.up import Command

            Command().run_from_argv(words)
        else:
            execute_from_command_line(words)
    except ImproperlyConfigured as error:
        sys.exit(f"Assay cannot start: {error}")
    except OperationalError:
        from django.conf import settings

        if not settings.IS_EMBEDDED or finding.responds(settings.ASSAY_HOME):
            raise
        sys.exit(f"No Assay runs in {settings.ASSAY_HOME}. Start it: assay up")


if __name__ == "__main__":
    main()
