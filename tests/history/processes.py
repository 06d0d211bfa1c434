"""Signals to processes, which may be gone already by an earlier fault."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def children_of(pid: int) -> list[int]:
    try:
        return [
            int(child)
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []  # it has just ended


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""  # it has just ended


def send(pid: int, number: signal.Signals) -> bool:
    """Signal a process; return whether there was one. 0 is none, not all of ours."""
    if not pid:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def paused(pids: Sequence[int]) -> Iterator[bool]:
    """Stop processes meanwhile; say whether there were any."""
    stopped = [pid for pid in pids if send(pid, signal.SIGSTOP)]
    try:
        yield bool(stopped)
    finally:
        for pid in stopped:
            send(pid, signal.SIGCONT)
