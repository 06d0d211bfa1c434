"""What is kept of an item to find those that are nearly the same."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

# Of two items, 1: the same; 0: nothing in common, or not alike enough to say so.
DIFFERENT: Final = 0.0
# This many items that are nearly the same are a form that is filled in, as the lines of a
# log: what tells them apart is what they say, and more of them come every day. Their
# being alike is no leak, then, and they are many groups and not one.
FAMILY: Final = 20


class Sketch(NamedTuple):
    """A sketch; one without bands is like nothing but what has its key.

    key: 64 hexadecimal digits. bands: 64-bit numbers. signature: its first byte says by
    which of the modules beside this one it was made.
    """

    key: str
    bands: tuple[int, ...] = ()
    signature: bytes = b""


def key_number(key: str) -> int:
    """Return a 64-bit number that stands for a key of hexadecimal digits.

    (Of a billion keys, two share one with a probability of 3 %.)
    """
    return int(key[:16], 16) - 2**63


def named(name: str) -> int:
    """Return the number that stands for a name."""
    return key_number(hashlib.sha256(name.encode()).hexdigest())
