"""One process that starts all parts, shows one log, restarts what dies, stops cleanly.

Children ask the kernel to end them with the supervisor, so that even kill -9 of it
leaves nothing behind; the next start waits for the last of them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_COLORS = (36, 33, 32, 35, 34, 31, 96)
_LEAVE = 15.0


class PartError(RuntimeError):
    """A part that does not come up."""


class Stopped(Exception):  # noqa: N818 (not an error)
    """Someone asked to stop while something was starting."""


@dataclass
class ProcessPart:
    """A process to keep alive; ``is_ready`` says when the next one may start.

    A store holds data: it is stopped after every part that writes to it. What a store
    prints while it starts or stops is shown only where it does not come up.
    """

    name: str
    command: list[str]
    is_ready: Callable[[], bool] | None = None
    # Called before each start; ends what would keep the part from starting.
    clear: Callable[[], None] | None = None
    user: str | None = None
    is_store: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    # The kernel sends this signal when the supervisor has died.
    orphan_signal: signal.Signals = signal.SIGTERM
    environment: dict[str, str] = field(default_factory=dict)
    # The niceness of its session, 0 to 19: parts with a lower one run first.
    niceness: int = 0
    # Seconds that it may take to come up.
    patience: float = 90
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    is_up: bool = False
    held_back: list[str] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts parts in order and stops them in the opposite order.

    ``roll`` is a file that lists the living processes: the next start reads it after a
    crash.
    """

    def __init__(self, out: IO[str], roll: Path) -> None:
        self.parts: list[ProcessPart] = []
        self.out = out
        self.roll = roll
        self.is_stopping = threading.Event()
        self._lock = threading.Lock()

    def say(self, name: str, line: str) -> None:
        """Write one line of the log."""
        place = next((n for n, p in enumerate(self.parts) if p.name == name), 6)
        shown = f"{name:<10}"
        with self._lock:
            try:
                if self.out.isatty():
                    shown = f"\x1b[{_COLORS[place % len(_COLORS)]}m{shown}\x1b[0m"
                self.out.write(f"{shown} {line}\n")
                self.out.flush()
            except (OSError, ValueError):
                # The reader of the log has gone; the parts must not stop for that.
                return

    def start(self, part: ProcessPart) -> None:
        """Start a part and wait until it is ready.

        Raises PartError where it does not come up, Stopped where somebody asks to stop.
        """
        self.parts.append(part)
        self._launch(part)
        self.await_ready(part)

    def run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        """Run a command to its end and show what it prints.

        Raises PartError where it fails, Stopped where somebody asks to stop.
        """
        part = ProcessPart(name, command, environment=environment)
        self.parts.append(part)
        self._launch(part)
        try:
            while part.is_running:
                if self.is_stopping.wait(0.05):
                    _end([part])
                    raise Stopped
        finally:
            self.parts.remove(part)
        if part.process is not None and part.process.returncode:
            raise PartError(f"{name} failed: its last lines say why.")

    def _launch(self, part: ProcessPart) -> None:
        if part.clear is not None:
            part.clear()
        process = subprocess.Popen(  # noqa: S603 (our own commands)
            part.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            user=part.user,
            env={**os.environ, **part.environment},
            # A session of its own: Ctrl-C reaches the supervisor alone, which stops the
            # parts in order, and a part can be killed with all its children.
            start_new_session=True,
            preexec_fn=_before(part),  # noqa: PLW1509
        )
        part.process, part.started = process, time.monotonic()
        part.is_up = False
        if part.niceness:
            _stand_back(process.pid, part.niceness)
        self._call_the_roll()
        threading.Thread(target=self._copy, args=(part, process), daemon=True).start()

    def _call_the_roll(self) -> None:
        lives = (p.process.pid for p in self.parts if p.process and p.is_running)
        try:
            self.roll.write_text("".join(f"{pid} {_birth(pid)}\n" for pid in lives))
        except OSError as error:
            # A full disk must not end what runs.
            self.say("assay", f"{self.roll} cannot be written: {error.strerror}")

    def _copy(self, part: ProcessPart, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for raw in lines:
                line = raw.decode(errors="replace").rstrip()
                is_talk = not part.is_up or self.is_stopping.is_set()
                if part.is_store and is_talk:
                    part.held_back = [*part.held_back[-20:], line]
                else:
                    self.say(part.name, line)

    def await_ready(self, part: ProcessPart) -> None:
        """Wait until a part answers; start it again while it fails to come up.

        Raises PartError after the part's patience, Stopped where somebody asks to stop.
        """
        deadline = time.monotonic() + part.patience
        while part.is_ready is not None and not part.is_ready():
            if self.is_stopping.is_set():
                raise Stopped
            if time.monotonic() > deadline:
                for line in part.held_back:
                    self.say(part.name, line)
                raise PartError(
                    f"{part.name} did not come up in {part.patience:.0f} s."
                )
            if not part.is_running:
                time.sleep(0.5)
                self._launch(part)
            time.sleep(0.05)
        part.is_up = True

    def watch(self) -> None:
        """Restart what dies, until asked to stop."""
        while not self.is_stopping.wait(0.2):
            for part in self.parts:
                if part.process is not None and not part.is_running:
                    self._restart(part, part.process)
                elif not part.is_up and (part.is_ready is None or part.is_ready()):
                    part.is_up = True

    def _restart(self, part: ProcessPart, process: subprocess.Popen[bytes]) -> None:
        is_young = time.monotonic() - part.started < 10
        part.failures = part.failures + 1 if is_young else 1
        pause = min(10.0, 0.3 * 2 ** (part.failures - 1))
        for line in part.held_back if part.failures > 3 else ():
            self.say(part.name, line)
        part.held_back = []
        self.say(
            "assay",
            f"{part.name} ended ({process.returncode}); "
            f"starting it again in {pause:.1f} s",
        )
        # A child of the dead part must not go on beside the part's successor.
        _kill_group(process.pid)
        if not self.is_stopping.wait(pause):
            self._launch(part)

    def stop(self) -> None:
        """Stop every part, the stores last, and wait for each."""
        self.is_stopping.set()
        _end([part for part in self.parts if not part.is_store])
        for part in reversed([part for part in self.parts if part.is_store]):
            _end([part])
        self.roll.unlink(missing_ok=True)


def _before(part: ProcessPart) -> Callable[[], None]:
    """Return what a part's process does before it becomes the part."""
    # Loaded before the fork: in the child another thread's locks stay locked for ever.
    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if library is not None:
            # The kernel watches the thread that forked, not its process: only the main
            # thread may start parts.
            library.prctl(_PR_SET_PDEATHSIG, part.orphan_signal)
        os.nice(part.niceness)

    return prepare


def _stand_back(leader: int, niceness: int) -> None:
    """Set the niceness of a whole session.

    Linux shares processors among sessions first (autogroups); the niceness of a process
    counts only within its own session. A user other than root may write the file ten
    times a second, so a refused write is tried again.
    """
    for _ in range(5):
        try:
            (PROC / f"{leader}/autogroup").write_text(str(niceness))
        except BlockingIOError:
            time.sleep(0.1)
        except OSError:
            return  # this kernel has no autogroups, or the part has ended
        else:
            return


def _end(parts: Iterable[ProcessPart]) -> None:
    """Ask parts to end, all at once; kill what has not ended in time."""
    running = []
    for part in parts:
        if part.process is not None and part.is_running:
            part.process.send_signal(part.stop_signal)
            running.append(part.process)
    deadline = time.monotonic() + _LEAVE
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
        _kill_group(process.pid)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _birth(pid: int, proc: Path = PROC) -> str:
    """Return when a process was born; "" when it is gone.

    In the kernel's ticks where the kernel tells them: a clock that is set changes the
    moment that follows from them.
    """
    try:
        # A process may have blanks and brackets in its name, which stands in brackets.
        after_name = (proc / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if (proc / "self/stat").exists() else _moment_of_birth(pid)
    is_dead = after_name[0] in ("Z", "X")
    return "" if is_dead else after_name[19]


def _moment_of_birth(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        is_dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return "" if is_dead else str(process.create_time())
    except psutil.Error:
        return ""


def end_leftovers(roll: Path, patience: float = 10, proc: Path = PROC) -> None:
    """Wait for the parts of a killed supervisor to end; kill those that do not.

    ``patience`` is in seconds; ``proc`` need not be there.
    """
    try:
        lines = roll.read_text().splitlines()
    except FileNotFoundError:
        return
    pairs = [line.split() for line in lines]
    left = {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2}
    deadline = time.monotonic() + patience
    # A number may have been given to another process since; with the birth it is one
    # process.
    while left := {
        pid: born for pid, born in left.items() if _birth(pid, proc) == born
    }:
        if time.monotonic() > deadline:
            for pid in left:
                _kill_group(pid)
            deadline += 2
        time.sleep(0.05)
    roll.unlink(missing_ok=True)
