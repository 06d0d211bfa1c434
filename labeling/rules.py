"""Rules of labeling as pure functions of plain values."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

from labeling.messages import Message, message

MAX_DEPTH = 32
# Browsers read a whole number as a double, which is exact up to here.
MAX_WHOLE = 2**53
FEW_WORDS = 3
# A label by votes of which less agree is looked at again.
LOW_CONFIDENCE = 0.8
# The score that a model must have, at least, to cast doubt on people's label.
SURE = 0.9

TOO_LARGE: Final = message("A whole number is beyond 2^53.")
NOT_FINITE: Final = message("NaN and infinity are not allowed.")
HAS_NUL: Final = message("A text holds a NUL character.")
HALF_A_PAIR: Final = message(
    "A text holds half of a surrogate pair, which is not a character."
)

# UTF-8 has no form for these, so the database would refuse all rows of a COPY.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

ConsensusVerdict = Literal["open", "settled", "disputed"]
Labels = tuple[str, ...]


def storable(  # noqa: PLR0911 (one per type)
    value: object, *, depth: int = 0
) -> Message | None:
    """Return why the JSON ``value`` cannot be kept, or None when it can."""
    if depth > MAX_DEPTH:
        return message(
            "The JSON is nested more than %(most)s levels deep.", most=MAX_DEPTH
        )
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return None if abs(value) <= MAX_WHOLE else TOO_LARGE
    if isinstance(value, float):
        return None if math.isfinite(value) else NOT_FINITE
    return _inside(value, depth)


def _inside(value: object, depth: int) -> Message | None:
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = (*value, *value.values())
    elif isinstance(value, list | tuple):
        parts = value
    # All texts in one search: an import checks millions of them, mostly of texts alone.
    with contextlib.suppress(TypeError):
        return _text_problem("\n".join(parts))
    texts: list[str] = []
    others: list[object] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            others.append(part)
    return _text_problem("\n".join(texts)) or next(
        (bad for part in others if (bad := storable(part, depth=depth + 1))), None
    )


def _text_problem(text: str) -> Message | None:
    if "\x00" in text:
        return HAS_NUL
    if not text.isascii() and _SURROGATE.search(text):
        return HALF_A_PAIR
    return None


def draw(seed: int, key: str) -> float:
    """Return a number in [0, 1) that depends on ``seed`` and ``key`` alone."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    # Policy's _ASK_ANEW draws the same in SQL. Another draw would also move items to
    # the other side of the split.
    return int.from_bytes(digest[:7], "big") / 2**56


def is_shared(seed: int, group: str, share: float) -> bool:
    """Whether the items of a group are for several people, by the overlap's share."""
    return share >= 1 or draw(seed, f"overlap:{group}") < share


@dataclass(frozen=True)
class Consensus:
    """What the votes of an item make of it."""

    verdict: ConsensusVerdict
    labels: Labels
    confidence: float
    soft_label: dict[str, float]
    entropy: float


def consensus(
    votes: Sequence[Labels],
    *,
    min_votes: int,
    max_votes: int,
    confidence: float,
    is_multi: bool = False,
) -> Consensus:
    """Return the majority of ``votes`` and whether it settles the item.

    A vote is the sorted labels of one annotator. Confidence is the winner's share of
    the votes; of several labels, that of the label on which people agree least. A tie
    never settles. Below ``min_votes``, or while another vote may still be asked for, an
    unclear item stays open; at ``max_votes`` it is disputed.
    """
    if not votes:
        return Consensus("open", (), 0.0, {}, 0.0)
    labels, share, is_tie = _by_label(votes) if is_multi else _by_set(votes)
    verdict: ConsensusVerdict = "open" if len(votes) < max_votes else "disputed"
    if len(votes) < min_votes:
        verdict = "open"
    elif share >= confidence and not is_tie:
        verdict = "settled"
    return Consensus(verdict, labels, share, soft_label(votes), entropy(Counter(votes)))


def _by_set(votes: Sequence[Labels]) -> tuple[Labels, float, bool]:
    """Return the commonest answer, its share of the votes, and whether that is a tie."""
    # Equal counts by name: the order in which the votes came must not decide.
    (labels, top), *others = sorted(
        Counter(votes).items(), key=lambda pair: (-pair[1], pair[0])
    )
    return labels, top / len(votes), bool(others) and others[0][1] == top


def _by_label(votes: Sequence[Labels]) -> tuple[Labels, float, bool]:
    """Return the labels that most votes name, and the share of the least sure label."""
    named = Counter(label for vote in votes for label in set(vote))
    most = {label: max(count, len(votes) - count) for label, count in named.items()}
    labels = tuple(label for label in sorted(named) if 2 * named[label] > len(votes))
    least = min(most.values(), default=len(votes))
    return labels, least / len(votes), 2 * least == len(votes)


def held_out(consensus: Consensus, votes: Sequence[Labels], *, blind: int) -> Consensus:
    """Return what votes make of a held-out item, which ``blind`` people answer.

    Where these are several, two votes that differ are an expert's to decide, however sure
    one of them is; and those that agree settle it where no more are asked for.
    """
    if blind < 2 or len(votes) < 2:
        return consensus
    if len(set(votes)) > 1:
        return replace(consensus, verdict="disputed")
    if consensus.verdict == "disputed":
        return replace(consensus, verdict="settled")
    return consensus


def majority(votes: Sequence[Labels], *, is_multi: bool) -> Labels | None:
    """Return what most of the votes say, or None where no answer is ahead.

    In multi-label tasks these are the labels that more than half of the votes name.
    """
    if not votes:
        return None
    if is_multi:
        shares = soft_label(votes)
        return tuple(label for label, share in shares.items() if share > 0.5)
    (first, top), *others = Counter(votes).most_common(2)
    return None if others and others[0][1] == top else first


def shared_part(text: str, other: str) -> float:
    """Return how alike two texts are, from 0 to 1: the share of their words in common.

    Of texts with few words it is the runs of three characters (Jaccard's index).
    """
    first, second = _words(text), _words(other)
    if min(len(first), len(second)) < FEW_WORDS:
        first, second = _runs(text), _runs(other)
    union = first | second
    return len(first & second) / len(union) if union else 0.0


# One text is compared with many.
@lru_cache(maxsize=8)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=8)
def _runs(text: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return frozenset(folded[at : at + 3] for at in range(max(1, len(folded) - 2)))


def joined(labels: Labels) -> str:
    """Return labels as one text, another one for all other labels."""
    # A comma of a name is not one between names, and “(none)” may be a label.
    names = [
        re.sub(r"([\\,])", r"\\\1", name) if name != "(none)" else r"\(none)"
        for name in labels
    ]
    return ", ".join(names) or "(none)"


def soft_label(votes: Sequence[Labels]) -> dict[str, float]:
    """Return for each label the share of the votes that name it."""
    named = Counter(label for vote in votes for label in set(vote))
    return {label: count / len(votes) for label, count in sorted(named.items())}


def entropy(counts: Counter[Labels]) -> float:
    """Return the Shannon entropy of the answers, in nats."""
    total = counts.total()
    return -sum(n / total * math.log(n / total) for n in counts.values() if n)
