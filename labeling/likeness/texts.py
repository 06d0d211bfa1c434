"""Texts that are nearly the same: MinHash over runs of four characters.

Two texts share each of the 40 least hashes with the probability of their likeness J (the
share of their runs that both have), so by bands of 4 a pair of J = 0.8 is found with
96 %, of 0.7 with 81 %, of 0.2 with 1 % (Broder 1997; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, chapter 3).
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from labeling.likeness.sketch import DIFFERENT, Sketch

KIND: Final = b"T"
HASHES: Final = 40
BANDS: Final = 6
ROWS: Final = 4
RUN: Final = 4  # characters
# Below it, a word or a number more or less makes another text (K10).
FEWEST: Final = 32  # characters
# Of a long text, the runs with the least hashes stand for all.
MOST: Final = 2000  # runs
# The least share of runs in common, as it is estimated, is 0.6: of the hashes, how many
# may differ.
MOST_APART: Final = HASHES * 2 // 5
# Fewer letters do not tell one text from another, so the marks count.
FEW_LETTERS: Final = 4

# They select all bits of each hash but the highest, and the highest.
_LOW: Final = int.from_bytes(b"\xff\x7f" * HASHES, "little")
_HIGH: Final = int.from_bytes(b"\x00\x80" * HASHES, "little")
_GENERATOR: Final = np.random.default_rng(20_261_129)
_XORS: Final = _GENERATOR.integers(2**32, size=HASHES, dtype=np.uint32)
_ODDS: Final = _GENERATOR.integers(2**31, size=HASHES, dtype=np.uint32) * 2 + 1
_BAND_ODDS: Final = _GENERATOR.integers(2**63, size=ROWS, dtype=np.uint64) * 2 + 1
_POWERS: Final = (2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263)

# "1.5" is not "15", and "-5" is not "5". The mark first and what stands before it last:
# a third of the time. One group, so that a split keeps the marks.
_IN_NUMBERS: Final = re.compile(
    r"([^\w\s](?=\d)(?:(?<=\d.)|(?<=\s[-–−])|(?<=\A[-–−])))", re.DOTALL
)

Hashes = NDArray[np.uint32]


class _Kept(dict[int, int | None]):
    """Characters by their number: themselves, or None for marks and white space.

    Signs as + or $ tell texts apart.
    """

    def __missing__(self, number: int) -> int | None:
        is_mark = unicodedata.category(chr(number))[0] in "PZC"
        self[number] = kept = None if is_mark else number
        return kept


# Filled as characters are met: at most all of Unicode.
_KEPT: Final = _Kept()


def key(text: str) -> str:
    """Return a key that texts share when they differ only in case, space or marks."""
    return _digest(folded(text))


def folded(text: str) -> str:
    """Return a text without case, white space and punctuation.

    Compatibility forms are folded. The vowel signs of Indian scripts and the like,
    emoji, other signs, and the marks within a number stay; and all that is no white
    space stays in a text of hardly any letters, for there it is what tells texts apart.
    """
    if text.isascii():  # the same in less time
        lower = text.lower()
    else:
        lower = unicodedata.normalize("NFKC", text).casefold()
    parts = _IN_NUMBERS.split(lower)
    parts[::2] = [part.translate(_KEPT) for part in parts[::2]]
    kept = "".join(parts)
    letters = itertools.islice(filter(str.isalpha, kept), FEW_LETTERS)
    return kept if len(list(letters)) == FEW_LETTERS else "".join(lower.split())


def sketches(texts: Sequence[str]) -> list[Sketch]:
    """Return the sketch of each text; many at once take far less time."""
    bare = [folded(text) for text in texts]
    keys = [_digest(text) for text in bare]
    long_enough = [text for text in bare if len(text) >= FEWEST]
    if not long_enough:
        return [Sketch(key) for key in keys]
    least = _least_hashes(long_enough)
    bands = map(tuple, _bands(least).tolist())
    size = HASHES * 2  # bytes
    packed = least.astype("<u2").tobytes()
    starts = range(0, len(packed), size)
    signatures = (KIND + packed[start : start + size] for start in starts)
    long_ones = zip(bands, signatures, strict=True)
    return [
        Sketch(key, *next(long_ones)) if len(text) >= FEWEST else Sketch(key)
        for key, text in zip(keys, bare, strict=True)
    ]


def likenesses(own: bytes, others: Sequence[bytes]) -> list[float]:
    """Return the shares of runs in common with others, estimated; 0 where unlike.

    others: signatures of anything; what is no text is unlike.
    """
    mine = int.from_bytes(own[1:], "little")
    result = []
    for other in others:
        # All hashes in one number: those that differ leave their highest bit.
        apart = mine ^ int.from_bytes(other[1:], "little")
        differing = ((((apart & _LOW) + _LOW) | apart) & _HIGH).bit_count()
        is_like = differing <= MOST_APART and other[:1] == KIND
        result.append(1 - differing / HASHES if is_like else DIFFERENT)
    return result


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _least_hashes(texts: Sequence[str]) -> Hashes:
    """Return the least of each of the hashes over the runs of each text: (n, HASHES)."""
    runs, starts = _runs(texts)
    least: Any = np.empty((len(texts), HASHES), dtype=np.uint32)
    for at in range(HASHES):
        hashed = (runs ^ _XORS[at]) * _ODDS[at]
        least[:, at] = np.minimum.reduceat(hashed, starts)
    return least


def _runs(texts: Sequence[str]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashed runs of all texts in a row, and where each text's begin."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "replace"), np.uint32)
    hashed = np.zeros(len(letters) - RUN + 1, dtype=np.uint32)
    for at, power in enumerate(_POWERS):
        hashed += letters[at : at + len(hashed)] * np.uint32(power)
        hashed ^= hashed >> np.uint32(15)
    hashed *= np.uint32(_POWERS[0])
    hashed ^= hashed >> np.uint32(13)
    ends = np.cumsum([len(text) for text in texts])
    # The last runs of a text would reach into the next one.
    inside = np.ones(len(hashed), dtype=bool)
    for back in range(1, RUN):
        inside[ends[:-1] - back] = False
    hashed = hashed[inside]
    starts = np.concatenate([[0], ends[:-1] - (RUN - 1) * np.arange(1, len(texts))])
    return _shortened(hashed, starts.astype(np.int64))


def _shortened(
    runs: Hashes, starts: NDArray[np.int64]
) -> tuple[Hashes, NDArray[np.int64]]:
    bounds = [*starts.tolist(), len(runs)]
    if max(end - start for start, end in itertools.pairwise(bounds)) <= MOST:
        return runs, starts
    parts = [runs[start:end] for start, end in itertools.pairwise(bounds)]
    parts = [
        part if len(part) <= MOST else np.partition(part, MOST)[:MOST] for part in parts
    ]
    lengths = [len(part) for part in parts]
    return np.concatenate(parts), np.cumsum([0, *lengths[:-1]])


def _bands(least: Hashes) -> NDArray[np.int64]:
    """Return a number for each band of each text: (n, BANDS)."""
    rows = least[:, : BANDS * ROWS].reshape(len(least), BANDS, ROWS).astype(np.uint64)
    mixed = (rows * _BAND_ODDS).sum(axis=2, dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)
    # The same hashes in another band are another number.
    mixed += np.arange(BANDS, dtype=np.uint64) * _BAND_ODDS[0]
    mixed *= _BAND_ODDS[1]
    return (mixed ^ (mixed >> np.uint64(32))).view(np.int64)
