"""How long items take: known powers, pauses that do not matter, and few votes."""

from __future__ import annotations

import numpy as np
import pytest

from activelearn.core import durations
from activelearn.core.intervals import Array, Groups


def votes(
    count: int, power: float, *, pauses: float = 0.0
) -> tuple[Array, Array, Groups]:
    """Return lengths, seconds and people: the second of three takes twice as long."""
    rng = np.random.default_rng(3)
    lengths = np.round(np.exp(rng.uniform(2, 6, size=count))).astype(np.float64)
    people = rng.integers(3, size=count)
    seconds = 0.5 * (1 + lengths) ** power * np.where(people == 1, 2.0, 1.0)
    seconds *= np.exp(rng.normal(scale=0.3, size=count))
    away = rng.random(count) < pauses
    return lengths, np.where(away, seconds * 200, seconds), people


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_power_of_the_length_is_found(power: float) -> None:
    learned = durations.fitted(*votes(2000, power))

    assert learned is not None
    assert learned.power == pytest.approx(power, abs=0.05)
    twice = learned.seconds(np.array([99.0, 199.0]))
    assert twice[1] / twice[0] == pytest.approx(2**learned.power)


def test_whoever_goes_for_coffee_changes_nothing() -> None:
    calm, away = (
        durations.fitted(*votes(1000, 0.7, pauses=share)) for share in (0.0, 0.1)
    )

    assert calm is not None
    assert away is not None
    assert away.power == pytest.approx(calm.power, abs=0.05)
    assert away.usual == pytest.approx(calm.usual, rel=0.25)


def test_a_slow_person_with_the_long_items_does_not_make_these_slow() -> None:
    lengths, _, people = votes(600, 0.0)
    long = np.where(people == 1, lengths * 20, lengths)
    seconds = np.where(people == 1, 9.0, 3.0)

    learned = durations.fitted(long, seconds, people)

    assert learned is not None
    assert learned.power == pytest.approx(0.0, abs=0.01)


def test_of_few_votes_and_of_one_length_little_is_said() -> None:
    assert durations.fitted(*votes(49, 1.0)) is None
    lengths, seconds, people = votes(50, 1.0)
    learned = durations.fitted(lengths * 0 + 7, seconds, people)
    assert learned is not None
    assert learned.power == 0.0
    alike = learned.seconds(np.array([1.0, 1000.0]))
    assert alike[0] == alike[1] == pytest.approx(np.median(seconds), rel=1e-3)
    # Longer items that take less are chance.
    backwards = durations.fitted(lengths, 1 / seconds, people)
    assert backwards is not None
    assert backwards.power == 0.0
