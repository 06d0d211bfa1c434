"""JSON of any size, value by value, by Python's own decoder.

So a list is read as lines are: NaN is a missing value, numbers keep their digits, and a
name that stands twice is told. What is in memory is one value at a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any, Final

from labeling.messages import Message, message
from labeling.services.transfer.importing.raw import FileError

PIECE: Final = 2**16  # characters
# Of a value that goes on behind what is read so far, the error is this near its end:
# the longest word is "-Infinity", the longest escape a pair of surrogates.
_NEAR: Final = 16
# That are looked at.
_LINES: Final = 50
_TOO_LONG: Final = message("a number has too many digits.")
_TOO_DEEP: Final = message("it is nested too deeply.")
_BETWEEN: Final = re.compile(r"[\s,]*")

# A value, and a name that one of its objects has twice: one of the two would be lost.
Value = tuple[object, str | None]


class _Objects:
    """What the decoder makes of objects; remembers a name that stands twice in one."""

    def __init__(self) -> None:
        self.twice: str | None = None

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs) and self.twice is None:
            names = [name for name, _value in pairs]
            self.twice = next(name for name in names if names.count(name) > 1)[:80]
        return values

    def decoder(self) -> json.JSONDecoder:
        # NaN and Infinity, which JSON does not have, are missing values.
        return json.JSONDecoder(
            object_pairs_hook=self, parse_constant=lambda _name: None
        )


def has_lines(start: str) -> bool:
    """Whether each line is an object: one that goes on in the next line is none of these.

    The first line may be damaged.
    """
    first, *others = start.split("\n", _LINES)
    if first.rstrip().endswith("}") or not any(line.strip() for line in others):
        return True
    if not any(line.startswith("{") and line.rstrip().endswith("}") for line in others):
        # Each line may be damaged, and an object that goes on begins no line with “{”.
        return all(line.startswith("{") for line in others if line.strip())
    try:
        json.JSONDecoder().raw_decode(start)
    except (ValueError, RecursionError):
        return True
    return False


class LineDecoder:
    """Decodes lines, each of one value; to make it takes as long as a line."""

    def __init__(self) -> None:
        self._objects = _Objects()
        self._decode = self._objects.decoder().decode

    def value_of(self, line: str) -> Value:
        """Return the one value of a line. Raises ValueError or RecursionError."""
        self._objects.twice = None
        return self._decode(line), self._objects.twice


def values(text: IO[str], most: int, piece: int = PIECE) -> Iterator[Value]:
    """Return the values of a list, or those that follow each other, one by one.

    ``most``: the characters of the longest value; ``piece``: of one read. Raises
    FileError where the rest cannot be read.
    """
    source = _Source(text, most, piece)
    is_list = False
    while start := source.next_character():
        if is_list and start == "]":
            source.at += 1
            is_list = False
        elif not is_list and start == "[":
            source.at += 1
            is_list = True
        else:
            yield source.value()
    if is_list:
        raise source.cut_off()


def entries(text: IO[str], most: int) -> Iterator[tuple[str, object]]:
    """Return what stands in the lists of one object, one by one, with the list's name.

    Other values are passed over. ``most``: the characters of the longest entry or other
    value. Raises FileError where the rest cannot be read.
    """
    source = _Source(text, most, PIECE)
    source.pass_over("{")
    while (start := source.next_character()) != "}":
        if not start:
            raise source.cut_off()
        name, _twice = source.value()
        source.pass_over(":")
        if source.next_character() != "[":
            source.value()
            continue
        source.pass_over("[")
        while (start := source.next_character()) != "]":
            if not start:
                raise source.cut_off()
            yield str(name), source.value()[0]
        source.pass_over("]")


class _Source:
    """A text that is read on as far as the value that stands next."""

    def __init__(self, text: IO[str], most: int, piece: int) -> None:
        self._text = text
        self._most = most
        self._piece = piece
        self._objects = _Objects()
        self._decode = self._objects.decoder().raw_decode
        self._buffer = ""
        self._is_whole = False
        self._row = 0
        self.at = 0

    def next_character(self) -> str:
        """Return the first character of what stands next, or "" at the end."""
        while True:
            between = _BETWEEN.match(self._buffer, self.at)
            self.at = between.end() if between else self.at
            if self.at < len(self._buffer) or not self._read_on():
                return self._buffer[self.at : self.at + 1]

    def pass_over(self, mark: str) -> None:
        """Go behind a mark. Raises FileError where it is not what stands next."""
        if self.next_character() != mark:
            raise self.refusal(f"“{mark}” is missing.")
        self.at += 1

    def value(self) -> Value:
        """Return the next value. Raises FileError where it is none."""
        while True:
            self._objects.twice = None
            try:
                value, end = self._decode(self._buffer, self.at)
            except json.JSONDecodeError as error:
                if not self._may_go_on(error) or not self._read_on():
                    raise self.refusal(error.msg) from error
            except ValueError as error:
                # Python takes no number of more than 4,300 digits.
                raise self.refusal(_TOO_LONG) from error
            except RecursionError as error:
                raise self.refusal(_TOO_DEEP) from error
            else:
                # A number at the end of what is read may have more digits.
                if end < len(self._buffer) or not self._read_on():
                    self.at = end
                    self._row += 1
                    return value, self._objects.twice

    def cut_off(self) -> FileError:
        """Return that the list does not end, and behind which row."""
        return FileError(
            message("Behind row %(row)s the list has no end.", row=self._row)
        )

    def refusal(self, why: str | Message) -> FileError:
        """Return why the rest cannot be read, and behind which row."""
        return FileError(
            message("Not JSON after row %(row)s: %(why)s", row=self._row, why=why)
        )

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        is_near = error.pos > len(self._buffer) - _NEAR
        return is_near or error.msg.startswith("Unterminated")

    def _read_on(self) -> bool:
        """Read more; return whether there was some. Raises FileError beyond the limit."""
        rest = self._buffer[self.at :]
        # Bounded: one value could be all of a file.
        if len(rest) > self._most:
            raise FileError(message("A value is too long."))
        # As much again, so that a long value is not decoded again for each small piece.
        piece = "" if self._is_whole else self._text.read(max(self._piece, len(rest)))
        self._is_whole = not piece
        self._buffer, self.at = rest + piece, 0
        return bool(piece)
