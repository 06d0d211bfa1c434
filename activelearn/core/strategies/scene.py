"""What a strategy chooses from, and what it returns: the same for every strategy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from activelearn.core import discriminant, query, training
from activelearn.core.dense import DenseRows

Places = NDArray[np.int64]
Rows: TypeAlias = Any  # scipy.sparse.csr_matrix, which has no types, or JoinedRows
# Places (n,) in, expected seconds (n,) out: asked of a short list, never of a whole pool.
SecondsOf: TypeAlias = Callable[[Places], query.Array]
# With fewer labels typical items tell more than a model's doubts do (docs/models.md).
LEAST_COLD: Final = 20
COLD_PER_LABEL: Final = 2
# The rows of which a model's doubts are computed at once.
AT_ONCE: Final = 20_000
# Times that a fit goes over a labeled row while the pool's rows are scored once.
FIT: Final = 200


@dataclass(frozen=True)
class OrderLimits:
    """How many items each step looks at.

    window: places of an order that the model and chance fill. held_out: held-out items
    that stand in an order, more only among those places; each order draws others. batch: items at the top,
    chosen to be unlike each other out of the ``shortlist`` least sure ones. known:
    labeled items that a ranked batch has to be unlike as well. sample: unlabeled items
    that typical ones are found in, for those of a large pool are much the same, and at
    most as many labeled ones beside them. clusters: at most, of ever smaller ones. votes:
    probabilities of all members of a committee in memory at once (80 MB). exact: labels
    times rows, a labeled one ``FIT`` times, up to which the order's model is the regression
    of all columns: five seconds or so on one core. Beyond that it reads dense columns
    alone; then dense: its probabilities in memory at once (16 MB), scored: those of an
    order, of a random part of the items where there are more (three seconds), and taught:
    the labels that it learns from, a random part of more.
    """

    window: int = 2000
    held_out: int = 2000
    batch: int = 50
    shortlist: int = 500
    known: int = 500
    sample: int = 5000
    clusters: int = 500
    votes: int = 10_000_000
    exact: int = 20_000_000
    dense: int = 4_000_000
    scored: int = 100_000_000
    taught: int = 20_000


@dataclass(frozen=True)
class Policy:
    """How a project orders: a strategy of this package, a kind of batch, and two shares.

    Or ``ordering.EXTERNAL``.

    label_count: how many labels the project has to choose from. exploration_rate,
    evaluation_rate: the shares, in [0, 1], of an order that chance and the held-out items
    decide. has_fallen_back: whether chance decides all that the latter leave, but the
    tenth that the rule keeps. strength: of the models that order (``core.strength``).
    """

    strategy: str
    batch: Literal["spread", "ranked"]
    is_multi: bool
    label_count: int
    seed: int
    exploration_rate: float
    evaluation_rate: float
    is_text: bool = True
    has_fallen_back: bool = False
    strength: float = training.STRENGTH
    limits: OrderLimits = OrderLimits()

    @property
    def terms(self) -> training.FitTerms:
        """How the models that order are fitted."""
        return training.FitTerms(self.is_multi, self.seed, self.strength)

    @property
    def cold_until(self) -> int:
        """The number of labeled items from which on a model orders."""
        wanted = max(LEAST_COLD, COLD_PER_LABEL * self.label_count)
        return min(wanted, self.limits.batch)


@dataclass(frozen=True)
class Scene:
    """The rows of all items, and which of them have a label.

    places: (n,) rows without a label, at least one. labeled: (m,) rows with one, whose
    sets of labels are ``targets``, m of them. seconds: what rows are expected to take, by
    their places; None where they all count alike. is_quick: whether the rows are dense columns alone, and
    so is the model.
    """

    rows: Rows
    places: Places
    labeled: Places
    targets: Sequence[Sequence[str]]
    policy: Policy
    seconds: SecondsOf | None = None
    is_quick: bool = False

    def within_time(self) -> Scene:
        """Return the scene with the columns that an order has time for."""
        labels = len({label for target in self.targets for label in target})
        limits = self.policy.limits
        if labels * (len(self.places) + FIT * len(self.labeled)) <= limits.exact:
            return self
        # Another chance than that of the strategies, which draw from this part.
        rng = np.random.default_rng([self.policy.seed, len(self.labeled), 1])
        most = max(limits.window, limits.scored // labels)
        looked = random_part(self.places, most, rng)
        return replace(self, rows=DenseRows(self.rows), places=looked, is_quick=True)

    @property
    def is_cold(self) -> bool:
        """Whether there are too few labels for a model that knows better."""
        return len(self.labeled) < self.policy.cold_until

    def chance(self) -> np.random.Generator:
        """Return chance: the same labels give the same, and with each new one it differs."""
        return np.random.default_rng([self.policy.seed, len(self.labeled)])

    def model(self, among: Places | None = None) -> training.LinearModel | None:
        """Return a model of the labels, or of some of them, by their places among them.

        None where there are too few, or nothing to tell apart.
        """
        if self.is_cold:
            return None
        chosen = np.arange(len(self.labeled)) if among is None else among
        if self.is_quick:
            chosen = random_part(chosen, self.policy.limits.taught, self.chance())
        rows = self.rows[self.labeled[chosen]]
        targets = [self.targets[place] for place in chosen.tolist()]
        is_multi = self.policy.is_multi
        try:
            if self.is_quick:
                return discriminant.fit(rows, targets, is_multi=is_multi)
            return training.fit_by(self.policy.terms, rows, targets)
        except ValueError:
            # All labels are alike: typical items will bring others.
            return None

    def scored(
        self, score: Callable[[Rows], query.Array], *, at_once: int = AT_ONCE
    ) -> query.Array:
        """Return (n,) what ``score`` says of the rows without a label.

        A part at a time: a copy of all rows, and the probabilities of all their labels, are
        gigabytes where there are a million.
        """
        if self.is_quick:
            labels = len({label for target in self.targets for label in target})
            at_once = max(1, min(at_once, self.policy.limits.dense // labels))
        parts = np.split(self.places, range(at_once, len(self.places), at_once))
        return np.concatenate([score(self.rows[part]) for part in parts])


def random_part(places: Places, most: int, rng: np.random.Generator) -> Places:
    """Return the places that are looked at, ascending: of many, a random part."""
    if len(places) <= most:
        return places
    return np.sort(rng.choice(places, most, replace=False))


@dataclass(frozen=True)
class ServedRows:
    """The best rows in serving order, and who ordered them.

    strategy: its name; "cold" where no model has ordered. places: (k,) rows; from
    ``ruled`` on they are drawn by chance.
    """

    strategy: str
    places: Places
    ruled: int
