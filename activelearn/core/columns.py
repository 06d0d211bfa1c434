"""What a column of a table is read as, and the numbers that its cells become."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np

from activelearn.core import sparse
from activelearn.core.cells import date_of, is_missing, number_of, text_of
from activelearn.core.texts import Rows, text_rows, text_width

Spec = dict[str, Any]
Values: TypeAlias = Sequence[object]

# Categories with a feature of their own; the others share buckets by their hash.
MOST_VALUES: Final = 40
MOST_BUCKETS: Final = 1024
# Share of the cells that have to be numbers, or dates, for a column to be read so.
MOSTLY: Final = 0.9
# Cells below which a column of words, or of numbers, is not taken for identifiers.
FEW_NAMES: Final = 20
FEW_NUMBERS: Final = 50
# The largest number that a column's middle and scale are made from.
LARGEST: Final = 1e100
# Up to this many scales from the middle a number counts as it is, beyond them by its
# logarithm; so far out it is unlike the sample, and no feature is larger.
NEAR: Final = 3.0
FAR: Final = 10.0
DAYS_OF_YEAR: Final = 365.25
WORDS: Final[Spec] = {
    "words": {"ngrams": [1, 2], "size": 2**13},
    "characters": {"ngrams": [2, 4], "size": 2**12},
}
PAIRS: Final = (
    ("false", "true"),
    ("no", "yes"),
    ("n", "y"),
    ("f", "t"),
    ("0", "1"),
    ("off", "on"),
)
_ORDERS: Final = ("ymd", "dmy", "mdy")
# Scripts that put no spaces between words; a word has about two such letters.
_WITHOUT_SPACES: Final = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u9fff]")


@dataclass(frozen=True)
class SeenColumn:
    """What a sample of a column looked like.

    read_as: the type of its specification, or "" where it is unused, with the reason in
    ``unused``: "empty", "constant" or "identifier". missing, distinct: cells, and
    different ones. low, high: the range of numbers and dates. values: the categories
    that have a feature, the commonest first, or what is constant; others: how many share
    buckets. misfits: the share of cells that the specification tells less about.
    """

    name: str
    read_as: str
    unused: str = ""
    missing: int = 0
    distinct: int = 0
    low: str = ""
    high: str = ""
    values: tuple[str, ...] = ()
    others: int = 0
    misfits: float = 0.0


def described(name: str, values: Values, there: int) -> tuple[Spec | None, SeenColumn]:
    """Return how to read a column, None where it is unused, and what its sample shows.

    values: (n,) cells, drawn from the column's ``there`` cells.
    """
    column, unused = _specified(name, values, there)
    texts = Counter(text for value in values if (text := text_of(value)))
    kind = column["type"] if column else ""
    low, high = _range(column, values) if column else ("", "")
    is_category = kind == "category"
    shown = list(column["values"]) if column and is_category else []
    if unused == "constant":
        shown = list(texts)
    return column, SeenColumn(
        name=name,
        read_as=kind,
        unused=unused,
        missing=sum(map(_missing_in(column), values)),
        distinct=len(texts),
        low=low,
        high=high,
        values=tuple(shown),
        others=len(texts) - len(shown) if is_category else 0,
        misfits=misfits(column, values) / max(1, len(values)) if column else 0.0,
    )


def _specified(name: str, values: Values, there: int) -> tuple[Spec | None, str]:
    """Return a specification, or why there is none."""
    texts = [text for value in values if (text := text_of(value))]
    if not texts:
        return None, "empty"
    if len(set(texts)) == 1 and len(texts) == len(values):
        return None, "constant"
    column = _read(texts)
    if _names_rows(column, texts, there):
        return None, "identifier"
    return {"name": name, **column}, ""


def _read(texts: Sequence[str]) -> Spec:
    """Return the specification of a column, which has no name yet, by its full cells."""
    if known := [text for text in texts if not is_missing(text)]:
        for read in (_boolean, _number, _date):
            if column := read(known):
                return column
    distinct = Counter(texts)
    if is_free_text(distinct):
        return {"type": "text", **WORDS}
    return _category(distinct)


def _names_rows(column: Spec, texts: Sequence[str], there: int) -> bool:
    """Whether cells tell which row it is, and nothing that another row could share."""
    cells, distinct = len(texts), len(set(texts))
    if column["type"] == "category":
        return cells >= FEW_NAMES and distinct >= 0.95 * cells
    if column["type"] != "number" or cells < FEW_NUMBERS or distinct < cells:
        return False
    return _are_numbered(texts, there)


def _missing_in(column: Spec | None) -> Callable[[object], bool]:
    """Return what tells a missing cell; "NA" can be a category or a word as well."""
    if column and column["type"] in ("number", "date", "boolean"):
        return is_missing
    return lambda value: not text_of(value)


def _boolean(texts: Sequence[str]) -> Spec | None:
    different = tuple(sorted({text.lower() for text in texts}))
    return (
        {"type": "boolean", "values": list(different)} if different in PAIRS else None
    )


def _number(texts: Sequence[str]) -> Spec | None:
    numbers = [number for text in texts if (number := number_of(text)) is not None]
    if len(numbers) < MOSTLY * len(texts):
        return None
    return {"type": "number", **_middle(numbers)}


def _middle(numbers: Iterable[float]) -> Spec:
    """Return a middle and a scale that a few numbers, however large, do not move."""
    usable = [number for number in numbers if abs(number) <= LARGEST] or [0.0]
    # The narrower of two parts: the quartiles are wide apart where there are two humps,
    # the rest where there are long tails. The divisors make each width the standard
    # deviation of a normal distribution.
    cuts = np.quantile(usable, [0.25, 0.75, 0.05, 0.95, 0.0, 1.0])
    *narrow, whole = (cuts[1::2] - cuts[::2]) / (1.349, 3.290, 4.0)
    scale = min((width for width in narrow if width > 0), default=whole) or 1.0
    return {"center": float(np.median(usable)), "scale": float(scale)}


def _are_numbered(texts: Sequence[str], there: int) -> bool:
    """Whether whole numbers lie so dense that they number the ``there`` rows."""
    numbers = [number for text in texts if (number := number_of(text)) is not None]
    is_whole = all(number == math.floor(number) for number in numbers)
    return is_whole and max(numbers) - min(numbers) < 1.5 * max(there, len(texts))


def _date(texts: Sequence[str]) -> Spec | None:
    """Return the order of day, month and year by which most cells are dates."""
    by_order = {
        order: [moment for text in texts if (moment := date_of(text, order))]
        for order in _ORDERS
    }
    order = max(_ORDERS, key=lambda order: len(by_order[order]))
    moments = by_order[order]
    if len(moments) < MOSTLY * len(texts):
        return None
    return {
        "type": "date",
        "order": order,
        "has_time": any(moment.hour or moment.minute for moment in moments),
        **_middle(map(_days, moments)),
    }


def _days(moment: datetime) -> float:
    return moment.toordinal() + moment.hour / 24 + moment.minute / 1440


def is_free_text(distinct: Mapping[str, int]) -> bool:
    """Whether cells are sentences, hardly any of them twice, and no names of classes."""
    cells = sum(distinct.values())
    words = sum(_words(text) * count for text, count in distinct.items())
    varies = len(distinct) * 2 >= cells or len(distinct) > MOST_VALUES
    return words >= 3 * cells and varies


def _words(text: str) -> float:
    return max(len(text.split()), len(_WITHOUT_SPACES.findall(text)) / 2)


def _category(distinct: Counter[str]) -> Spec:
    # By name where they are equally common: the same sample, the same specification.
    ranked = sorted(distinct, key=lambda text: (-distinct[text], text))
    others = len(ranked) - MOST_VALUES
    buckets = 2 ** math.ceil(math.log2(others)) if others > 1 else 1
    return {
        "type": "category",
        "values": ranked[:MOST_VALUES],
        "buckets": min(buckets, MOST_BUCKETS),
    }


def _range(column: Spec, values: Values) -> tuple[str, str]:
    """Return the smallest and the largest number or date; of other columns nothing."""
    if column["type"] == "number":
        numbers = [n for value in values if (n := number_of(value)) is not None]
        return f"{min(numbers):g}", f"{max(numbers):g}"
    if column["type"] == "date":
        order = column["order"]
        moments = [d for value in values if (d := date_of(value, order)) is not None]
        form = "minutes" if column["has_time"] else "hours"
        ends = (moment.isoformat(" ", form) for moment in (min(moments), max(moments)))
        low, high = ends if column["has_time"] else (end[:10] for end in ends)
        return low, high
    return "", ""


def misfits(column: Spec, values: Values) -> int:
    """Return how many cells the specification tells less about.

    They are far out, no numbers, no dates, or categories that had no feature of their
    own; a missing cell is none of them. Words of a text are never new.
    """
    missing = _missing_in(column)
    present = [value for value in values if not missing(value)]
    kind = column["type"]
    if kind == "text":
        return 0
    if kind in ("boolean", "category"):
        known = set(column["values"])
        texts = (text_of(value) for value in present)
        return sum((t.lower() if kind == "boolean" else t) not in known for t in texts)
    numbers = [_number_in(column, value) for value in present]
    return sum(n is None or abs(_scaled(column, n)) > FAR for n in numbers)


def _number_in(column: Spec, value: object) -> float | None:
    if column["type"] == "number":
        return number_of(value)
    moment = date_of(value, column["order"])
    return None if moment is None else _days(moment)


def _scaled(column: Spec, number: float) -> float:
    return (number - float(column["center"])) / float(column["scale"])


def column_width(column: Spec) -> int:
    """Return how many features a cell of a column has."""
    kind = column["type"]
    if kind == "text":
        return text_width(column)
    if kind == "category":
        return len(column["values"]) + int(column["buckets"]) + 1
    if kind == "date":
        return 2 + 12 + 7 + (24 if column["has_time"] else 0) + 1
    return 2


def encoded(column: Spec, values: Values) -> Rows:
    """Return (n_values, column_width) float32, sparse: the features of cells."""
    kind = column["type"]
    if kind == "text":
        return text_rows([text_of(value) for value in values], column)
    if kind == "category":
        return _one_hot(_places(column, values), column_width(column))
    if kind == "date":
        return _dates(column, values)
    return _numbers(column, values)


def _numbers(column: Spec, values: Values) -> Rows:
    """Return numbers, or yes and no as 1 and -1, and whether they are missing."""
    numbers = (
        [_yes_or_no(column, value) for value in values]
        if column["type"] == "boolean"
        else [_squeezed(column, number_of(value)) for value in values]
    )
    missing = [number is None for number in numbers]
    return sparse.csr_matrix(
        np.column_stack([[number or 0.0 for number in numbers], missing]),
        dtype=np.float32,
    )


def _yes_or_no(column: Spec, value: object) -> float | None:
    text = text_of(value).lower()
    values = column["values"]
    return 2.0 * values.index(text) - 1 if text in values else None


def _squeezed(column: Spec, number: float | None) -> float | None:
    """Return a number on its column's scale, and squeezed the farther out; finite."""
    if number is None:
        return None
    scaled = _scaled(column, number)
    beyond = abs(scaled) - NEAR
    if beyond <= 0:
        return scaled
    return math.copysign(min(FAR, NEAR + math.log1p(beyond)), scaled)


def _places(column: Spec, values: Values) -> list[int]:
    """Return the feature of each cell: its own, a bucket's, or the last for none."""
    own = {value: place for place, value in enumerate(column["values"])}
    buckets = int(column["buckets"])
    places = []
    for value in values:
        text = text_of(value)
        bucket = len(own) + zlib.crc32(text.encode()) % buckets
        places.append(own.get(text, bucket) if text else len(own) + buckets)
    return places


def _one_hot(places: Sequence[int], width: int) -> Rows:
    """Return (n, width) with a 1 at a place of each row."""
    ones = np.ones(len(places), dtype=np.float32)
    rows = np.arange(len(places))
    return sparse.csr_matrix((ones, (rows, places)), shape=(len(places), width))


def _dates(column: Spec, values: Values) -> Rows:
    """Return day and year on a scale, month, weekday, hour where known, and missing."""
    years = {
        "center": float(column["center"]) / DAYS_OF_YEAR,
        "scale": max(1.0, float(column["scale"]) / DAYS_OF_YEAR),
    }
    dense = np.zeros((len(values), column_width(column)), dtype=np.float32)
    for row, value in zip(dense, values, strict=True):
        moment = date_of(value, column["order"])
        if moment is None:
            row[-1] = 1
            continue
        row[0] = _squeezed(column, _days(moment))
        row[1] = _squeezed(years, float(moment.year))
        row[[1 + moment.month, 14 + moment.weekday()]] = 1
        if column["has_time"]:
            row[21 + moment.hour] = 1
    return sparse.csr_matrix(dense)
