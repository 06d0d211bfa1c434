"""Look at our code and at what is installed for known weaknesses (make audit)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
# Apart from what runs and develops: these bring a great deal along.
TOOLS: Final = ROOT / ".venv-audit/bin"
LOCKS: Final = ("requirements.lock", "requirements-dev.lock")
CODE: Final = ("running", "config", "labeling", "activelearn", "manage.py")


def reported(
    dependencies: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """Return the weaknesses that a report names, and what could not be looked up."""
    weak = [
        f"{package['name']} {package['version']}: {weakness['id']}"
        + (
            f", mended in {', '.join(fixed)}"
            if (fixed := weakness["fix_versions"])
            else ""
        )
        for package in dependencies
        for weakness in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in dependencies if "skip_reason" in package]
    return weak, unknown


def audit(lock: str) -> bool:
    """Look up what a lock names; return whether nothing is known against it."""
    words = ["-r", lock, "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run(
        [TOOLS / "pip-audit", "--progress-spinner", "off", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout.startswith("{"):
        print(f"{lock}: nothing was looked up, for no database is reachable:")
        print(done.stderr.strip()[-500:])
        return True
    dependencies = json.loads(done.stdout)["dependencies"]
    weak, unknown = reported(dependencies)
    if len(unknown) == len(dependencies):
        print(f"{lock}: nothing was looked up, for no database knows the packages.")
        return True
    if unknown:
        print(f"{lock}: could not be looked up: {', '.join(unknown)}")
    print("\n".join(weak) or f"{lock}: nothing is known against the rest.")
    return not weak


def main() -> None:
    """Print what is found; exit 1 where that is anything."""
    print("── bandit", flush=True)
    words = ["-q", "-ll", "-c", "pyproject.toml", "-r", *CODE]
    is_clean = subprocess.run([TOOLS / "bandit", *words], cwd=ROOT, check=False)
    print("── known weaknesses of what is installed", flush=True)
    are_clean = [audit(lock) for lock in LOCKS]
    sys.exit(bool(is_clean.returncode) or not all(are_clean))


if __name__ == "__main__":
    main()
