"""``python -m bench [NAME]``: measure, print a table, write bench.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import (
    calibration,
    certificate,
    consensus,
    drift,
    files,
    forecast,
    gate,
    leaks,
    learning,
    meter,
    million,
    minutes,
    orders,
    queue,
    representations,
    saving,
    serving,
    station,
    strategies,
    voter,
    whole,
)

MODULES = {
    "calibration": calibration,
    "certificate": certificate,
    "consensus": consensus,
    "drift": drift,
    "files": files,
    "forecast": forecast,
    "gate": gate,
    "leaks": leaks,
    "learning": learning,
    "meter": meter,
    "million": million,
    "minutes": minutes,
    "orders": orders,
    "queue": queue,
    "representations": representations,
    "saving": saving,
    "serving": serving,
    "station": station,
    "strategies": strategies,
    "voter": voter,
    "whole": whole,
}


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    results = [row for module in MODULES.values() for row in module.rows(wanted)]
    if not results:
        sys.exit(f"There is no measurement {wanted!r}.")
    for row in results:
        mark = "met" if row["met"] else "MISSED"
        print(
            f"{row['name']:<28} {row['value']:>8} {row['unit']:<10} {mark:<7} {row['detail']}"
        )
    Path("bench.json").write_text(
        json.dumps(results, indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
