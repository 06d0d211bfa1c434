"""``make history``: many operations, many faults, and what was wrong in the end."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.history.run import play


def main() -> int:
    """Play, print what happened, and return how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--people", type=int, default=16)
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-history-"))
    # Whoever is root gives the database to another user, who has to reach it.
    folder.chmod(0o755)
    report = play(
        folder,
        operations=chosen.operations,
        faults=chosen.faults,
        people=chosen.people,
        # So few that nothing is left in the end, and people are told so.
        items=max(300, chosen.operations // 5),
    )
    print(report.words)
    for fault, count in sorted(report.faults.items()):
        print(f"{count:>5} × {fault}")
    print(f"{report.operations} operations in {report.seconds:.0f} s; log: {folder}")
    print(f"{len(report.violations)} violations")
    for violation in report.violations[:50]:
        print(f"  {violation}")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
