"""A short history under faults, as ``make history`` plays a long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.history.run import play

pytestmark = [pytest.mark.running, pytest.mark.soak]


def test_no_fault_loses_or_doubles_anything(folder: Path) -> None:
    report = play(folder, operations=1500, faults=13, people=5, items=340)

    assert report.violations == [], report.words
    assert report.operations >= 1500
    real = sum(n for kind, n in report.faults.items() if not kind.startswith("none"))
    assert real >= 9, report.faults
    # What is judged has happened, or the judge has nothing to say.
    for kind in ("skip", "flag", "release", "edit", "undo", "promote", "look"):
        assert report.done[kind] > 0, report.words
