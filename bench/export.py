"""An export of everything: how fast, how long it holds a snapshot, in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.lease import MANY
from bench.row import most_memory, row

ROOT = Path(__file__).resolve().parents[1]
# Reliability: a snapshot that lives makes leases slower and slower.
SECONDS, HELD, MEMORY = 60.0, 60.0, 150.0
_AGE = """
    SELECT extract(epoch FROM clock_timestamp() - xact_start) FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND query LIKE 'COPY (%'
"""


def a_million() -> list[dict[str, Any]]:
    """Export items with a vote and a label each, by a process of its own."""
    from bench import fill

    project = fill.project(MANY)
    fill.answer(fill.person(project), MANY)
    fill.label(project)
    words = [sys.executable, "-m", "bench.export", str(project.pk)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        held = _longest_snapshot(child)
        figures = json.loads(child.communicate()[0])
    seconds, first = figures["seconds"], figures["first"]
    detail = (
        f"{MANY:,} labels as JSON lines, {MANY / seconds:,.0f}"
        f" rows/s; first byte after {first:.1f} s"
    )
    return [
        row("export-1m", seconds, "s", SECONDS, detail),
        row("export-snapshot", held, "s", HELD, "how long its snapshot was open"),
        row(
            "export-memory", figures["memory"], "MiB", MEMORY, "the process at its most"
        ),
    ]


def _longest_snapshot(child: subprocess.Popen[str]) -> float:
    from django.db import connection

    longest = 0.0
    with connection.cursor() as cursor:
        while child.poll() is None:
            cursor.execute(_AGE)
            longest = max([longest, *(float(row[0]) for row in cursor.fetchall())])
            time.sleep(0.05)
    return longest


def _work(project_id: int) -> None:
    import django

    django.setup()
    from labeling.models import Project
    from labeling.services.transfer import exporting

    project = Project.objects.get(pk=project_id)
    begun = time.perf_counter()
    export = exporting.stream(project, "jsonl", {})
    first = time.perf_counter() - begun
    for _ in export:
        pass
    figures = {
        "first": first,
        "seconds": time.perf_counter() - begun,
        "memory": most_memory(),
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    _work(int(sys.argv[1]))
