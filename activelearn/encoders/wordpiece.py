"""Texts to word pieces, as BERT's tokenizer makes them of texts without capitals.

Our own, for the library that does it brings 12 MiB and fifteen packages along, all for
one table look-up a letter and one a word (``tokenizers`` 0.23). The golden file of the
tests holds what that library makes of the same texts. One thing differs on purpose: marks
such as ``[MASK]`` are words here, for people write them as such.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import chain
from typing import Final

# The longest word that is looked at, in letters.
LONGEST: Final = 100
# Distinct words whose pieces are kept; others are taken apart each time.
MOST_WORDS: Final = 50_000
INSIDE: Final = "##"
# Ideographs, each a word of its own: from and to, as BERT lists them.
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
# Categories of letters that nobody sees.
_CONTROLS: Final = ("Cc", "Cf", "Co", "Cs")


class _Letters(dict[int, str]):
    """What becomes of each letter, found out when it is first seen."""

    def __missing__(self, code: int) -> str:
        self[code] = became = _became(chr(code))
        return became


def _became(letter: str) -> str:
    """Return a letter without capitals and accents; alone, where it is a word."""
    if letter in "\t\n\r":
        return " "
    if letter == "\ufffd" or unicodedata.category(letter) in _CONTROLS:
        return ""
    if letter.isspace():
        return " "
    parts = "".join(
        f" {part} " if _is_mark(part) else part.lower()
        for part in unicodedata.normalize("NFD", letter)
        if unicodedata.category(part) != "Mn"
    )
    code = ord(letter)
    is_ideograph = any(low <= code <= high for low, high in _IDEOGRAPHS)
    return f" {parts} " if is_ideograph else parts


def _is_mark(letter: str) -> bool:
    """Whether it is punctuation; in ASCII, all that is neither letter, digit nor space."""
    if letter.isascii():
        return not letter.isalnum()
    return unicodedata.category(letter).startswith("P")


class WordPieces(dict[str, tuple[int, ...]]):
    """A vocabulary: the numbers of the pieces of each word, found when it is first seen.

    A word that is not made of its pieces has none, for nothing is known about it, or
    ``unknown``, where an encoder has a piece for such words.
    """

    def __init__(
        self,
        pieces: Sequence[str],
        most_words: int = MOST_WORDS,
        *,
        unknown: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        self._most_words = most_words
        self._unknown = unknown
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._letters = _Letters()

    def of(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces."""
        words = text.translate(self._letters).split()
        return list(chain.from_iterable(map(self.__getitem__, words)))

    def known_words(self, text: str) -> tuple[int, int]:
        """Return how many words of a text are one piece each, and how many it has.

        Numbers and marks are no words here: they are the same in all languages.
        """
        words = filter(str.isalpha, text.translate(self._letters).split())
        lengths = [len(self[word]) for word in words]
        return lengths.count(1), len(lengths)

    def __missing__(self, word: str) -> tuple[int, ...]:
        pieces = self._taken_apart(word)
        if len(self) < self._most_words:
            self[word] = pieces
        return pieces

    def _taken_apart(self, word: str) -> tuple[int, ...]:
        """Return the longest pieces from the left; of one that is not known, that."""
        if len(word) > LONGEST:
            return self._unknown
        pieces, start = [], 0
        while start < len(word):
            end = len(word)
            before = INSIDE if start else ""
            while (number := self._numbers.get(before + word[start:end])) is None:
                end -= 1
                if end == start:
                    return self._unknown
            pieces.append(number)
            start = end
        return tuple(pieces)
