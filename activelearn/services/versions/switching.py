"""What a promotion or a rollback would change: looked at, and nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activelearn.core import intervals, signs, training
from activelearn.core.evaluation import Labels
from activelearn.core.features import Rows, Spec
from activelearn.core.intervals import Estimate, Z
from activelearn.core.training import Predictor
from activelearn.models import ModelVersion
from activelearn.services.features import payloads, specs, store
from activelearn.services.versions import comparing, registry
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Item, Project

# Of so many items of the pool both versions are asked: a share is right to 5 points.
SAMPLE: Final = 400


@dataclass(frozen=True)
class Gain:
    """What the new one gets right against the old one on items that both were judged on."""

    items: int
    fixed: int
    broken: int
    accuracy: Estimate


@dataclass(frozen=True)
class Relabeled:
    """How many items of the pool get another prediction, by a random sample.

    share: of the pool.
    """

    sampled: int
    changed: int
    share: Estimate


@dataclass(frozen=True)
class Switch:
    """One version serves in place of another one.

    before: what serves now, or None. gain: None where both were not judged on the same
    items. relabeled: None where nothing serves, or it cannot be computed any more. pool:
    items that are scored anew.
    """

    is_rollback: bool
    before: ModelVersion | None
    after: ModelVersion
    gain: Gain | None
    relabeled: Relabeled | None
    pool: int

    @property
    def versions(self) -> list[ModelVersion]:
        """Those that are compared, the one that serves now first."""
        return [self.before, self.after] if self.before else [self.after]


def preview(project: Project, number: int, *, is_rollback: bool) -> Switch:
    """Return what it would change if a version were promoted, or rolled back.

    Raises NotFoundError where there is no such version, and ConflictError where it would
    be refused or would change nothing.
    """
    version = registry.version(project, number)
    before = registry.champion(project)
    after = registry.earlier(project) if is_rollback else version
    if before == version and not is_rollback:
        raise ConflictError(
            _("Version %(number)s serves already.") % {"number": number}
        )
    if before != version and is_rollback:
        raise ConflictError(
            _("Version %(number)s does not serve.") % {"number": number}
        )
    if after is None:
        raise ConflictError(_("There is no earlier champion to go back to."))
    return Switch(
        is_rollback=is_rollback,
        before=before,
        after=after,
        gain=_gain(project, before, after) if before else None,
        relabeled=_relabeled(project, before, after),
        pool=Item.objects.filter(project=project).pool().count(),
    )


def _gain(project: Project, before: ModelVersion, after: ModelVersion) -> Gain | None:
    try:
        both = comparing.compare(project, after.number, before.number)
    except NotFoundError:
        # One of them was not judged.
        return None
    if not both.shared:
        return None
    fixed, broken = len(both.fixed), len(both.broken)
    gain, error = signs.gained(fixed, broken, both.shared)
    exact = (fixed - broken) / both.shared
    accuracy = Estimate(
        exact, min(exact, gain - Z * error), max(exact, gain + Z * error)
    )
    return Gain(both.shared, fixed, broken, accuracy)


def _relabeled(
    project: Project, before: ModelVersion | None, after: ModelVersion
) -> Relabeled | None:
    # What cannot be loaded is refused in words: it could not serve.
    try:
        new, new_spec = registry.load(after)
    except FileNotFoundError as error:
        raise ConflictError(
            _("The file of version %(number)s is gone.") % {"number": after.number}
        ) from error
    if before is None:
        return None
    try:
        old, old_spec = registry.load(before)
    except (ConflictError, FileNotFoundError):
        return None
    items = list(
        # Drawn by the seed: the page shows the same figures each time it is looked at.
        Item.objects.select_related("media").filter(pk__in=specs.drawn(project, SAMPLE))
    )
    if not items:
        return None
    rows = _Rows(items)
    pairs = zip(
        _predicted(old, rows.by(old_spec)),
        _predicted(new, rows.by(new_spec)),
        strict=True,
    )
    changed = sum(then != now for then, now in pairs)
    return Relabeled(
        len(items), changed, intervals.wilson(changed / len(items), len(items))
    )


class _Rows:
    """The features of some items, computed once for each specification."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._by: dict[str, Rows] = {}

    def by(self, spec: Spec) -> Rows:
        """Return the rows, (n_items, width), by a specification."""
        name = store.hash_of(spec)
        if name not in self._by:
            self._by[name] = payloads.rows_of(self._items, spec)
        return self._by[name]


def _predicted(model: Predictor, rows: Rows) -> list[Labels]:
    return training.predicted_labels(model, model.probabilities(rows))
