"""What a training run would learn from now, and what speaks against it: nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from activelearn.core import gate
from activelearn.models import LearningPolicy, ModelVersion, TrainingRun
from activelearn.services.features import specs, store
from activelearn.services.judging import leaking, verdicts
from activelearn.services.labels import snapshots
from activelearn.services.training import experiments
from activelearn.services.versions import registry
from labeling.errors import DamagedFileError
from labeling.messages import Message, message
from labeling.models import Item, Job, Project
from labeling.services.votes import relabel, resolutions
from labeling.services.votes.resolutions import CurrentLabel

# Of fewer examples hardly anything is learned of a label.
FEWEST: Final = 5
# From how many runs the time of one is estimated.
RUNS: Final = 5
# How many labels are named in one sentence.
NAMED: Final = 5


@dataclass(frozen=True)
class DryRun:
    """What a run that began now would do.

    sources and names: the pool's labels by where they come from and by label, the
    commonest first. new, changed and gone: against what the champion learned from; None
    where there is no champion, or its snapshot is gone. held_out: labels it would be judged
    on. seconds: the shortest and the longest of the last runs. concerns: what speaks
    against it, in words.
    """

    label_count: int
    sources: list[tuple[str, int]]
    names: list[tuple[str, int]]
    new: int | None
    changed: int | None
    gone: int | None
    held_out: int
    same_as: TrainingRun | None
    waiting: TrainingRun | None
    spec_hash: str
    has_new_features: bool
    seconds: tuple[float, float] | None
    concerns: list[Message]


@dataclass(frozen=True)
class _Material:
    """The labels there are, and what serves.

    drawn: how many of the held-out ones chance has drawn, whatever their labels.
    """

    project: Project
    pool: Sequence[CurrentLabel]
    held_out: Sequence[CurrentLabel]
    drawn: int
    champion: ModelVersion | None

    @property
    def names(self) -> Counter[str]:
        """The pool's labels by name; each label of a set that has none counts as 0."""
        label_set = self.project.label_set
        known = label_set.labels.all() if label_set else ()
        counts = Counter({label.name: 0 for label in known})
        counts.update(name for label in self.pool for name in label.names)
        return counts


def dry_run(project: Project) -> DryRun:
    """Return what a run would learn from at this moment.

    Raises NotFoundError where the project has been deleted.
    """
    pool, held_out = (
        snapshots.counting(project, resolutions.current(project, split))
        for split in (Item.Split.POOL, Item.Split.EVALUATION)
    )
    # Nothing is right or wrong on what an expert called ambiguous.
    held_out = [label for label in held_out if not label.is_ambiguous]
    champion = registry.champion(project)
    of_draw = snapshots.of_draw(project, Item.Split.EVALUATION, held_out)
    material = _Material(project, pool, held_out, len(of_draw), champion)
    same_as = experiments.finished_now(project)
    waiting = _open_run(project)
    new, changed, gone = _since(champion, pool)
    spec_hash = _spec_hash(project)
    names = material.names
    return DryRun(
        label_count=len(pool),
        sources=Counter(label.source for label in pool).most_common(),
        names=names.most_common(),
        new=new,
        changed=changed,
        gone=gone,
        held_out=len(of_draw),
        same_as=same_as,
        waiting=waiting,
        spec_hash=spec_hash,
        has_new_features=champion is not None and champion.spec_hash != spec_hash,
        seconds=_seconds(project),
        concerns=[*_known(same_as, waiting), *_concerns(material, names)],
    )


def _spec_hash(project: Project) -> str:
    """Return the hash of today's features; of a table that nobody has read yet, none."""
    if project.data_type == Project.DataType.TABLE:
        row = specs.newest(project)
        return row.sha256 if row else ""
    return store.hash_of(store.spec_of(project))


def _since(
    champion: ModelVersion | None, pool: Sequence[CurrentLabel]
) -> tuple[int | None, int | None, int | None]:
    """Return how many labels are new, changed or gone since what serves learned."""
    if champion is None:
        return None, None, None
    try:
        learned = snapshots.read(champion.snapshot)
    except DamagedFileError:
        return None, None, None
    # In today's words, or each renamed label would count as changed.
    moves = relabel.words_since(champion.label_set_id).moves
    then = {
        pk: {moves.get(name, name) for name in names} for pk, names in learned.items()
    }
    now = {label.item: set(label.names) for label in pool}
    both = then.keys() & now.keys()
    return (
        len(now) - len(both),
        sum(then[pk] != now[pk] for pk in both),
        len(then) - len(both),
    )


def _open_run(project: Project) -> TrainingRun | None:
    runs = TrainingRun.objects.select_related("job").filter(project=project)
    return runs.filter(judges=None, job__finished_at=None).first()


def _seconds(project: Project) -> tuple[float, float] | None:
    runs = TrainingRun.objects.filter(
        project=project, judges=None, same_as=None, job__state=Job.State.DONE
    )
    times = runs.values_list("job__started_at", "job__finished_at")
    taken = [
        (ended - begun).total_seconds()
        for begun, ended in times[:RUNS]
        if begun and ended
    ]
    return (min(taken), max(taken)) if taken else None


def _known(
    same_as: TrainingRun | None, waiting: TrainingRun | None
) -> Iterator[Message]:
    if waiting is not None:
        yield message("Run #%(run)s waits or runs already.", run=waiting.pk)
    elif same_as is not None:
        yield verdicts.same_as(same_as.pk)


def _concerns(material: _Material, names: Counter[str]) -> Iterator[Message]:
    """Say what speaks against a run on these labels."""
    if sum(count > 0 for count in names.values()) < 2 and not material.project.is_multi:
        yield message("Two labels are needed to train a model.")
        return
    # Labels that nobody has given are in ``names`` with 0, so they are named too.
    if few := [name for name, count in names.items() if count < FEWEST]:
        yield message(
            "Fewer than %(fewest)s labels to learn from: %(names)s.",
            fewest=FEWEST,
            names=_listed(few),
        )
    held_out = {name for label in material.held_out for name in label.names}
    if unseen := [
        name for name, count in names.items() if count and name not in held_out
    ]:
        yield message(
            "No held-out item has this label, so nothing says how good a model is at it: %(names)s.",
            names=_listed(unseen),
        )
    yield from _judged_on(material)


def _judged_on(material: _Material) -> Iterator[Message]:
    """Say whether there are enough held-out items, and whether they leak."""
    wanted = gate.MIN_ITEMS if material.champion else gate.FEW
    is_manual = (
        LearningPolicy.of(material.project.pk).gate == LearningPolicy.Gate.MANUAL
    )
    if material.drawn < wanted and not is_manual:
        yield message(
            "%(there)s held-out items have a label; with fewer than %(wanted)s the new version waits.",
            there=material.drawn,
            wanted=wanted,
        )
    learned, asked = (
        [label.item for label in part] for part in (material.pool, material.held_out)
    )
    if experiments.is_slow(material.project, learned, asked):
        yield message(
            "These are too many items to look for leaks here; the run looks for them."
        )
        return
    leaks = leaking.check(material.project, learned, asked)
    if leaks.are_too_many:
        yield verdicts.why_leak(leaks)
    elif leaks.left_out:
        yield message(
            "Left out of the judgment, as they are nearly the same as others: %(items)s held-out items.",
            items=len(leaks.left_out),
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" + {more}" if more > 0 else "")
