"""What a version of a text changed, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

# Lines before × lines after, between the first change and the last: the time to align them
# grows faster than that. Beyond it all of them count as removed and added.
MOST_PAIRS: Final = 160_000


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that were removed ("-") and added ("+"), in their order."""
    old, new = before.splitlines(), after.splitlines()
    start = _same(old, new)
    old, new = old[start:], new[start:]
    kept = _same(old[::-1], new[::-1])
    old, new = old[: len(old) - kept], new[: len(new) - kept]
    changed: list[tuple[str, str]] = []
    for old_lines, new_lines in _changed_parts(old, new):
        changed += [("-", line) for line in old_lines]
        changed += [("+", line) for line in new_lines]
    return changed


def _same(old: list[str], new: list[str]) -> int:
    """Return how many lines are the same before the first that differs."""
    pairs = zip(old, new, strict=False)
    return next(
        (at for at, (before, after) in enumerate(pairs) if before != after),
        min(len(old), len(new)),
    )


def _changed_parts(
    old: list[str], new: list[str]
) -> Sequence[tuple[list[str], list[str]]]:
    if len(old) * len(new) > MOST_PAIRS:
        return [(old, new)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (old[a:b], new[c:d])
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]
