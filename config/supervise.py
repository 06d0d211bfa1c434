"""One process that starts all parts, shows one log, restarts what dies, stops cleanly.

Children ask the kernel to end them with the supervisor, so that even kill -9 of it
leaves nothing behind; the next start waits until their locks are free.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

_PR_SET_PDEATHSIG = 1
_COLORS = (36, 33, 32, 35, 34, 31, 96)


class PartError(RuntimeError):
    """A part that does not come up."""


@dataclass
class Part:
    """A process to keep alive; ``is_ready`` says when the next one may start."""

    name: str
    command: list[str]
    is_ready: Callable[[], bool] | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 60
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Starts parts in order and stops them in the opposite order."""

    def __init__(self, out: IO[str]) -> None:
        self.parts: list[Part] = []
        self.out = out
        self.is_stopping = threading.Event()
        self._lock = threading.Lock()

    def say(self, name: str, line: str) -> None:
        """Write one line of the log."""
        with self._lock:
            place = next((n for n, p in enumerate(self.parts) if p.name == name), 6)
            shown = f"{name:<10}"
            if self.out.isatty():
                shown = f"\x1b[{_COLORS[place % len(_COLORS)]}m{shown}\x1b[0m"
            self.out.write(f"{shown} {line}\n")
            self.out.flush()

    def start(self, part: Part) -> None:
        """Start a part and wait until it is ready."""
        self.parts.append(part)
        self._launch(part)
        self.await_ready(part)

    def _launch(self, part: Part) -> None:
        process = subprocess.Popen(  # noqa: S603 (our own commands)
            part.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            user=part.user,
            env={**os.environ, **part.environment},
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
        part.process, part.started = process, time.monotonic()
        threading.Thread(target=self._copy, args=(part, process), daemon=True).start()

    def _copy(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self.say(part.name, line.decode(errors="replace").rstrip())

    def await_ready(self, part: Part) -> None:
        """Wait until a part answers; start it again while it fails to come up."""
        if part.is_ready is None:
            return
        deadline = time.monotonic() + part.patience
        while not part.is_ready():
            if self.is_stopping.is_set():
                return
            if time.monotonic() > deadline:
                raise PartError(
                    f"{part.name} did not come up in {part.patience:.0f} s."
                )
            if part.process is not None and part.process.poll() is not None:
                time.sleep(0.5)
                self._launch(part)
            time.sleep(0.05)

    def watch(self) -> None:
        """Restart what dies, until asked to stop."""
        while not self.is_stopping.wait(0.3):
            for part in self.parts:
                if part.process is not None and part.process.poll() is not None:
                    self._restart(part, part.process.returncode)

    def _restart(self, part: Part, code: int) -> None:
        is_young = time.monotonic() - part.started < 10
        part.failures = part.failures + 1 if is_young else 1
        pause = min(10.0, 0.3 * 2 ** (part.failures - 1))
        self.say(
            "assay", f"{part.name} ended ({code}); starting it again in {pause:.1f} s"
        )
        if not self.is_stopping.wait(pause):
            self._launch(part)

    def stop(self) -> None:
        """Stop every part, the last one first, and wait for each."""
        self.is_stopping.set()
        for part in reversed(self.parts):
            if part.process is None or part.process.poll() is not None:
                continue
            part.process.send_signal(part.stop_signal)
            try:
                part.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(part.process.pid, signal.SIGKILL)
                part.process.wait()
