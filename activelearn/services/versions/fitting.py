"""A model from what a snapshot says: the same for a run and for who repeats it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from activelearn.core import crossfit, lessons, training
from activelearn.core.crossfit import CrossFit, Lot
from activelearn.core.features import Rows, Table
from activelearn.core.intervals import numbered
from activelearn.core.lessons import Example
from activelearn.core.training import FitTerms
from activelearn.models import ModelVersion
from activelearn.services.labels.snapshots import Content, LabelsOf
from activelearn.services.versions import strengths
from labeling.models import Item


def terms_of(version: ModelVersion, *, is_multi: bool) -> FitTerms:
    """Return how a version was fitted."""
    return FitTerms(is_multi, version.seed, strengths.of_version(version))


def fitted(content: Content, rows: Rows, terms: FitTerms) -> training.LinearModel:
    """Fit a model; rows: (n, n_features) of the snapshot's items, in its order.

    Raises ValueError where there are fewer than two classes to tell apart.
    """
    return _fitted(content.examples, rows, terms)


def crossed(
    whole: training.LinearModel,
    content: Content,
    rows: Rows,
    terms: FitTerms,
    step: Callable[[], object],
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
            return _fitted(chosen, rows[places], terms)
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


def lot_of(labels: LabelsOf, table: Table, *, most: int, seed: int) -> Lot:
    """Return labeled items with their rows, of many a random part, sorted."""
    ids = table.covered(sorted(labels))
    if len(ids) > most:
        # By the project's seed, so that a run that is done again looks at the same ones.
        ids = sorted(
            np.random.default_rng(seed).choice(ids, most, replace=False).tolist()
        )
    groups = dict(Item.objects.filter(pk__in=ids).values_list("pk", "group_key"))
    return Lot(
        ids,
        table.rows_of(ids),
        [labels[pk] for pk in ids],
        # An item that has just been deleted is a group of its own.
        numbered([groups.get(pk, f"#{pk}") for pk in ids]),
    )


def _fitted(
    examples: list[Example], rows: Rows, terms: FitTerms
) -> training.LinearModel:
    taught = lessons.taught(examples, is_multi=terms.is_multi)
    # The usual case takes the rows as they are: to index them copies all of them.
    is_one_each = len(taught.places) == len(examples)
    return training.fit_by(
        terms,
        rows if is_one_each else rows[taught.places],
        taught.targets,
        taught.weights,
    )


def _groups(content: Content) -> Mapping[int, str]:
    items = Item.objects.filter(pk__in=list(content.labels))
    return dict(items.values_list("pk", "group_key"))
