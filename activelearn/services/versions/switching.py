"""What a promotion, a rollback or an archive would change: nothing is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activelearn.core import intervals, signs, training
from activelearn.core.evaluation import Labels
from activelearn.core.features import Rows, Spec
from activelearn.core.intervals import Estimate, Z
from activelearn.core.training import Predictor
from activelearn.models import Duel, ModelVersion, ScoringRun
from activelearn.services.features import in_force, payloads, specs, store
from activelearn.services.versions import comparing, loading, registry
from activelearn.services.versions.comparing import VersionComparison
from labeling.errors import ConflictError, NotFoundError
from labeling.messages import sentence as _
from labeling.models import Item, Project

# Items of the pool on which both versions are asked: a share is right to 5 points.
SAMPLE: Final = 400
# As many where a network has to see each, while a person waits: to 13 points.
FEW: Final = 60
# How many items of the pool are counted while a person waits.
COUNTED: Final = 20_000


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
    items that are scored anew; beyond ``COUNTED`` as many as the last time.
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
        pool=_pool_size(project),
    )


@dataclass(frozen=True)
class Archival:
    """A version is put away.

    waits: it waits for held-out labels or a person, and is judged no more. has_duel: one
    goes on, which ends without a result. goes_back: a rollback would let it serve.
    """

    version: ModelVersion
    waits: bool
    has_duel: bool
    goes_back: bool


def preview_archive(project: Project, number: int) -> Archival:
    """Return what it would change if a version were put away.

    Raises NotFoundError where there is no such version, and ConflictError where it would
    be refused or would change nothing.
    """
    version = registry.version(project, number)
    if version.stage == ModelVersion.Stage.CHAMPION:
        raise ConflictError(
            _("The champion cannot be archived: promote another first.")
        )
    if version.archived_at:
        raise ConflictError(
            _("Version %(number)s is archived already.") % {"number": number}
        )
    return Archival(
        version,
        waits=version.stage == ModelVersion.Stage.WAITING,
        has_duel=Duel.objects.filter(challenger=version, ended_at=None).exists(),
        goes_back=registry.earlier(project) == version,
    )


def _pool_size(project: Project) -> int:
    """Return how many items a pass scores; of many, as many as the last one scored."""
    pool = Item.objects.filter(project=project).pool().order_by()
    counted = pool[:COUNTED].count()
    if counted < COUNTED:
        return counted
    last = ScoringRun.objects.filter(project=project).first()
    return last.items if last else pool.count()


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
    error *= math.sqrt(_design_effect(both))
    exact = (fixed - broken) / both.shared
    accuracy = Estimate(
        exact, min(exact, gain - Z * error), max(exact, gain + Z * error)
    )
    return Gain(both.shared, fixed, broken, accuracy)


def _design_effect(both: VersionComparison) -> float:
    """Return how much less the items tell that share groups than as many others."""
    some = both.differences
    items = Item.objects.filter(pk__in=[entry.item_id for entry in some])
    groups = dict(items.values_list("pk", "group_key"))
    now = [entry.is_fixed for entry in some]
    nets = signs.nets(
        [not is_fixed for is_fixed in now],
        now,
        # An item that has been deleted since is a group of its own.
        [groups.get(entry.item_id, f"#{entry.item_id}") for entry in some],
    )
    return signs.design_effect(nets, len(some))


def _relabeled(
    project: Project, before: ModelVersion | None, after: ModelVersion
) -> Relabeled | None:
    # What cannot be loaded is refused in words: it could not serve.
    new, new_spec = loading.load(after)
    if before is None:
        return None
    try:
        old, old_spec = loading.load(before)
    except ConflictError:
        return None
    is_slow = in_force.is_slow(old_spec) or in_force.is_slow(new_spec)
    # Drawn by the seed: the page shows the same figures each time it is looked at.
    drawn = specs.drawn(project, FEW if is_slow else SAMPLE)
    if in_force.is_elsewhere(old_spec) or in_force.is_elsewhere(new_spec):
        # To look at a page must not cost anything.
        drawn = []
    items = list(Item.objects.select_related("media").filter(pk__in=drawn))
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
