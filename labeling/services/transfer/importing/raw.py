"""A row as read from a file, and why a whole file cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from labeling.errors import InvalidInputError
from labeling.messages import Message, message


class FileError(InvalidInputError):
    """Why a whole file cannot be read."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)


class Raw(NamedTuple):
    """A row as read: its number, and its values or the problem why it has none."""

    number: int
    values: Mapping[str, Any] | None
    problem: Message | None = None
    picture: Callable[[], bytes] | None = None
    # Of a ZIP: the file that it is, or that it stands in.
    file: str = ""
    # Where it has no values: its line, or its cells.
    stands: str | Sequence[str] = ""

    def placed(self, why: Message) -> Message:
        """Return why it is refused, with the file that it is in."""
        if not self.file:
            return why
        return message("%(file)s: %(why)s", file=self.file[-200:], why=why)
