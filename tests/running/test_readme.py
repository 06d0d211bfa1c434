"""What the README says is done here, line by line, on the demo it speaks of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.running.machine import ROOT, Machine, until

pytestmark = pytest.mark.running
COMMAND = re.compile(r"(?:^    |`)\.venv/bin/assay ([^`\n]+)", re.MULTILINE)


def test_the_commands_of_the_readme_do_what_it_says(folder: Path) -> None:
    machine = Machine(folder / "home")
    machine.cluster = None
    commands = COMMAND.findall((ROOT / "README.md").read_text())
    output: dict[str, str] = {}
    try:
        machine.start(demo=True)
        for command in commands:
            words = command.replace("digits.csv", str(folder / "digits.csv")).split()
            output[words[0]] = machine.run(*words)
        log = machine.log.read_text()
        machine.token = machine.run("token", "engineer").split()[1]
        runs = "/api/projects/digits/training-runs/"
        ended = until(lambda: machine.sure("GET", runs)["results"], seconds=120)
        assert machine.stop() == 0
    finally:
        machine.kill_all()

    assert {"simulate", "user", "export"} <= set(output)
    assert "100 answers by 3 simulated annotators" in output["simulate"]
    assert re.fullmatch(r"maria \S{12,}\n", output["user"])
    assert len((folder / "digits.csv").read_text().splitlines()) == 1 + 1797
    assert "new confident labels" in ended[-1]["reason"]
    assert re.search(r"log in as ada with \S{12,}", log)
