"""A model from what a snapshot says: the same for a run and for who repeats it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from activelearn.core import crossfit, lessons, training
from activelearn.core.crossfit import CrossFit, Lot
from activelearn.core.features import Rows
from activelearn.core.intervals import numbered
from activelearn.core.lessons import Example
from activelearn.services.labels.snapshots import Content
from labeling.models import Item


def fitted(
    content: Content, rows: Rows, *, is_multi: bool, seed: int
) -> training.LinearModel:
    """Fit a model; rows: (n, n_features) of the snapshot's items, in its order.

    Raises ValueError where there are fewer than two classes to tell apart.
    """
    return _fitted(content.examples, rows, is_multi=is_multi, seed=seed)


def crossed(
    whole: training.LinearModel,
    content: Content,
    rows: Rows,
    step: Callable[[], object],
    *,
    seed: int,
) -> CrossFit:
    """Return what models of the other folds predict of the items of ``whole``.

    rows: as in ``fitted``. Items of one group share a fold. ``step`` is called before
    each fit; what it raises ends this.
    """
    examples = content.examples

    def fit(places: list[int]) -> training.LinearModel | None:
        step()
        chosen = [examples[place] for place in places]
        try:
            return _fitted(chosen, rows[places], is_multi=whole.is_multi, seed=seed)
        except ValueError:
            # Of these alone nothing can be told apart.
            return None

    groups = _groups(content)
    lot = Lot(
        list(content.labels),
        rows,
        list(content.labels.values()),
        # An item that has just been deleted is a group of its own.
        numbered([groups.get(pk, f"#{pk}") for pk in content.labels]),
    )
    return crossfit.crossed(fit, lot, whole.labels)


def _fitted(
    examples: list[Example], rows: Rows, *, is_multi: bool, seed: int
) -> training.LinearModel:
    taught = lessons.taught(examples, is_multi=is_multi)
    # The usual case takes the rows as they are: to index them copies all of them.
    is_one_each = len(taught.places) == len(examples)
    return training.fit(
        rows if is_one_each else rows[taught.places],
        taught.targets,
        is_multi=is_multi,
        seed=seed,
        weights=taught.weights,
    )


def _groups(content: Content) -> Mapping[int, str]:
    items = Item.objects.filter(pk__in=list(content.labels))
    return dict(items.values_list("pk", "group_key"))
