"""A table is read by what a sample of its columns shows."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activelearn.core import columns, features, tables, training

Record = dict[str, object]

CELL = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([1e308, -1e308, 5e-324, math.nan, math.inf, "NA", "n/a", ""])
    | st.sampled_from(["yes", "no", "1", "0", "2024-02-29", "29.02.2024 23:59"])
    | st.sampled_from(["0000-00-00", "31/12/1999", "2024-01-01T10:00:00Z", "x y z"])
    | st.text(max_size=40)
    | st.lists(st.integers(), max_size=2)
)
NAMES = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.dictionaries(NAMES, CELL), max_size=12), st.data())
def test_k12_any_table_becomes_finite_rows_of_the_width_that_its_spec_says(
    rows: list[Record], data: st.DataObject
) -> None:
    others = data.draw(st.lists(st.dictionaries(NAMES, CELL), max_size=5))
    spec, seen = tables.table_spec(rows, len(rows))

    table = features.table_rows([*rows, *others, {}], spec)

    assert table.shape == (len(rows) + len(others) + 1, features.width(spec))
    assert np.isfinite(table.data).all()
    # As JSON that PostgreSQL takes.
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    # Each column is used, or named as unused with the reason.
    assert {column.name for column in seen.columns} == set().union(*rows)
    assert all(bool(column.read_as) != bool(column.unused) for column in seen.columns)
    tables.outgrown_by(spec, seen, len(rows), others * 100)


def read_as(values: list[object], there: int = 0) -> str:
    _, seen = columns.described("column", values, there or len(values))
    return seen.read_as or seen.unused


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "2", "NA", 7], "number"),
        (["yes", "No", "", "YES"], "boolean"),
        ([True, False, None], "boolean"),
        (["2024-01-31", "2023-12-01", "-"], "date"),
        (["31.01.2024 10:15", "1.2.2024 9:00"], "date"),
        (["red", "blue", "red"], "category"),
        (["NA", "EU", "NA", "AS"], "category"),
        (["I waited two weeks", "Never again, I say", "So kind of them"], "text"),
        (["とても良い映画でした", "時間の無駄でした", "二度と見たくない"], "text"),
        (["x", "x", "x"], "constant"),
        (["x", "", "x"], "category"),
        ([None, "", " "], "empty"),
        ([f"c-{n}" for n in range(40)], "identifier"),
        (list(range(1000, 1060)), "identifier"),
        ([f"{n}.5" for n in range(60)], "number"),
        ([n * n for n in range(60)], "number"),
    ],
)
def test_k12_a_column_is_read_as_what_its_cells_are(
    values: list[object], kind: str
) -> None:
    assert read_as(values) == kind


def test_rows_that_are_numbered_are_known_from_a_part_of_them() -> None:
    numbers: list[object] = [*random.Random(1).sample(range(10_000), 100)]

    assert read_as(numbers, there=10_000) == "identifier"
    assert read_as(numbers, there=200) == "number"


def test_c20_numbers_keep_their_order_and_their_distance() -> None:
    incomes: list[Record] = [{"income": n} for n in (20_000, 30_000, 90_000)]
    spec, _ = tables.table_spec(incomes, 3)

    low, middle, high = features.table_rows(incomes, spec).toarray()[:, 0]

    assert middle == 0
    assert -2 < low < 0 < high < 4
    assert (high - middle) / (middle - low) > 3


def test_a_number_that_cannot_be_computed_with_costs_the_others_nothing() -> None:
    ordinary: list[Record] = [{"n": number} for number in range(20)]
    spec, _ = tables.table_spec([*ordinary, {"n": 1e308}], 21)

    table = features.table_rows([{"n": 0}, {"n": 19}, {"n": 1e308}], spec).toarray()

    assert spec == tables.table_spec(ordinary, 20)[0]
    assert table[1, 0] - table[0, 0] == pytest.approx(3.66, abs=0.01)
    assert table[2, 0] == columns.FAR


def test_half_of_a_column_may_be_zero() -> None:
    rows: list[Record] = [{"n": max(0, number - 97)} for number in range(100)]

    spec, _ = tables.table_spec(rows, 100)

    assert features.table_rows([{"n": 2}], spec).toarray()[0, 0] > 0.5


def test_k12_categories_beyond_the_commonest_share_buckets() -> None:
    cities = [f"city {number % 300}" for number in range(1000)] + ["home"] * 50
    rows: list[Record] = [{"city": city} for city in cities]
    spec, seen = tables.table_spec(rows, 1050)

    table = features.table_rows([{"city": name} for name in CITIES], spec).toarray()

    assert seen.columns[0].values[0] == "home"
    assert (len(seen.columns[0].values), seen.columns[0].others) == (40, 261)
    assert (table.sum(axis=1) == 1).all()
    own, bucket, unknown, missing = table.argmax(axis=1)
    assert own == 0
    assert 40 <= bucket < features.width(spec) - 1
    assert 40 <= unknown < features.width(spec) - 1
    assert missing == features.width(spec) - 1


CITIES = ("home", "city 299", "nowhere", "")


def test_k12_a_date_tells_day_year_month_weekday_and_hour() -> None:
    rows: list[Record] = [
        {"on": f"{day:02}.{month:02}.2023 {month:02}:30"}
        for day in range(1, 29)
        for month in range(1, 13)
    ]
    spec, seen = tables.table_spec(rows, len(rows))

    cells = ["31.01.2023 23:10", "03.02.2023 00:00", ""]
    table = features.table_rows([{"on": cell} for cell in cells], spec).toarray()

    assert (seen.columns[0].low, seen.columns[0].high) == (
        "2023-01-01 01:30",
        "2023-12-28 12:30",
    )
    assert table[0, 0] < table[1, 0] < 0  # the day, before the middle of the year
    assert np.flatnonzero(table[0, 2:]).tolist() == [0, 12 + 1, 19 + 23]
    assert np.flatnonzero(table[1, 2:]).tolist() == [1, 12 + 4, 19 + 0]
    assert np.flatnonzero(table[2]).tolist() == [2 + 12 + 7 + 24]


def accuracy(rows: list[Record], labels: list[str]) -> float:
    """Learn from the first half, in the order given, and predict the other one."""
    spec, _ = tables.table_spec(rows, len(rows))
    table = features.table_rows(rows, spec)
    half = len(rows) // 2
    known = [(label,) for label in labels[:half]]
    model = training.fit(table[:half], known, is_multi=False)
    said = training.predicted_labels(model, model.probabilities(table[half:]))
    return float(np.mean([a == (b,) for a, b in zip(said, labels[half:], strict=True)]))


def test_k12_na_in_a_column_of_numbers_is_missing() -> None:
    chance = random.Random(5)
    doses = [chance.uniform(0, 10) for _ in range(400)]
    rows: list[Record] = [
        {"dose": "NA" if number % 5 == 0 else f"{dose:.2f}"}
        for number, dose in enumerate(doses)
    ]

    assert accuracy(rows, ["high" if dose > 5 else "low" for dose in doses]) > 0.8


def test_k12_a_comment_among_the_columns_decides() -> None:
    chance = random.Random(6)
    rows: list[Record] = []
    labels = []
    for _ in range(300):
        label = chance.choice(["good", "bad"])
        says = chance.choice(WORDS[label])
        rest = " ".join(chance.choices(FILLER, k=5))
        rows.append({"comment": f"The food was {says} {rest}", "n": chance.random()})
        labels.append(label)

    assert accuracy(rows, labels) > 0.95


WORDS = {"good": ["lovely", "fine", "great"], "bad": ["cold", "awful", "stale"]}
FILLER = [f"word{number}" for number in range(50)]


def test_k12_a_small_sample_is_outgrown_by_twice_its_rows() -> None:
    spec, seen = tables.table_spec([{"a": 1}] * 10, 10)

    assert tables.outgrown_by(spec, seen, 19, []) == ""
    assert tables.outgrown_by(spec, seen, 20, []) == "rows"


@pytest.mark.parametrize(
    ("newcomer", "column"),
    [
        ({}, ""),
        ({"income": 10_000}, "income"),
        ({"income": "much"}, "income"),
        ({"region": "south"}, "region"),
        ({"same": "other"}, "same"),
        ({"later": "here"}, "later"),
        ({"blank": "full"}, "blank"),
    ],
)
def test_k12_new_rows_that_fit_worse_outgrow_a_specification(
    newcomer: Record, column: str
) -> None:
    def row(number: int) -> Record:
        return {
            "income": number % 50,
            "region": ["north", "east"][number % 2],
            "same": "x",
            "blank": "",
        }

    spec, seen = tables.table_spec([row(number) for number in range(5000)], 5000)
    rows: list[Record] = [row(number) for number in range(100)]

    few = [rows[n] | newcomer if n < 5 else rows[n] for n in range(100)]
    more = [rows[n] | newcomer if n < 8 else rows[n] for n in range(100)]

    assert tables.outgrown_by(spec, seen, 20_000, few) == ""
    assert tables.outgrown_by(spec, seen, 20_000, more) == column
    assert tables.outgrown_by(spec, seen, 20_000, more[:99]) == ""
