"""Another worker, which runs the jobs that it is told of: their ids come by stdin."""

from __future__ import annotations

import os
import sys

import django


def main() -> None:
    """Run one job after the other, if it can be claimed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from labeling.services.work import jobs

    for line in sys.stdin:
        jobs.run(int(line))


if __name__ == "__main__":
    main()
