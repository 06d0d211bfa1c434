"""Run every test of the table: ``python -m tests.faults``."""

from __future__ import annotations

import sys

import pytest

from tests.faults.table import FAULTS, LEFT

if __name__ == "__main__":
    for number, why in LEFT.items():
        sys.stderr.write(f"{number} is not tried: {why}\n")
    names = [name for fault in FAULTS.values() for name in fault.tests]
    sys.exit(pytest.main(["-q", "-m", "", *names]))
