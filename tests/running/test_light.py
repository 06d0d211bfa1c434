"""Processes that wait all day load only what they need for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cluster import ROOT

SCHEDULER = """
from config.celery import app
scheduler = app.Beat(quiet=True)
scheduler.init_loader()
assert scheduler.Service(app=app).get_scheduler(lazy=True).app is app
"""
SUPERVISOR = """
import manage
from running.management.commands.up import Command
Command.handle = lambda *_, **options: None
sys.argv = ["assay", "up"]
manage.main()
"""
TASKS = """
from config.celery import app
app.loader.import_default_modules()
assert "activelearn.rank" in app.tasks
"""


@pytest.mark.parametrize(
    ("program", "unneeded"),
    [
        (SCHEDULER, {"labeling.models", "activelearn", "numpy", "rest_framework"}),
        (SUPERVISOR, {"labeling.models", "activelearn", "numpy", "rest_framework"}),
        (TASKS, {"scipy", "sklearn", "modAL", "pandas", "pyarrow", "cryptography"}),
    ],
    ids=["scheduler", "supervisor", "worker at its start"],
)
def test_what_waits_all_day_is_light(program: str, unneeded: set[str]) -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import json, sys\n{program}\nprint(json.dumps(sorted(sys.modules)))",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert unneeded.isdisjoint(json.loads(loaded.stdout.splitlines()[-1]))
