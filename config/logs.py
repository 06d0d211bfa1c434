"""Lines of the log: nobody's input makes a line of its own."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from labeling.tracing import REQUEST_ID

# All that moves a cursor or ends a line, in terminals and in readers of logs.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TRACEBACKS: Final = logging.Formatter()
MOST_KINDS: Final = 1000


def plain(text: str) -> str:
    """Return a text on one line, its control characters written out."""
    return _CONTROL.sub(lambda sign: ascii(sign[0])[1:-1], text)


class OneLine(logging.Filter):
    """Makes each message one line, and marks the lines of a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; none is left out."""
        record.request_id = REQUEST_ID.get() or "-"
        record.msg, record.args = plain(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            lines = _TRACEBACKS.formatException(record.exc_info).split("\n")
            # No line of it looks like the first line of a message.
            record.exc_text = "\n".join(f"  | {plain(line)}" for line in lines)
        return True


class Sparing(logging.Filter):
    """Leaves out what is said too often: a fault at each request must not fill the disk.

    ``most`` lines of one kind are written in ``seconds``; the next one after that says
    how many were left out.
    """

    def __init__(
        self,
        most: int = 20,
        seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kinds: dict[tuple[str, int, str], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is written; called for one at a time."""
        key = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        kind = self._kinds.get(key)
        if kind is None or now >= kind.since + self._seconds:
            # Messages that are made before they are logged are kinds of their own.
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.clear()
            left_out = max(kind.lines - self._most, 0) if kind else 0
            self._kinds[key] = kind = _Kind(now)
            if left_out:
                record.msg = f"{record.getMessage()} (and {left_out} more like it)"
                record.args = ()
        kind.lines += 1
        return kind.lines <= self._most


@dataclass
class _Kind:
    since: float
    lines: int = 0
