"""The representations that a project may have: what each takes, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from activelearn.core import features as core
from activelearn.core.intervals import Estimate
from activelearn.models import AddedEncoder, RepresentationChoice
from activelearn.services.features import added, choices, in_force, telling
from labeling.models import Item, Project

# Ready: it can be chosen. Offered: somebody may add it. Waiting: its encoder has yet to
# see items. Missing: its file is not on this server.
OfferState = Literal["ready", "offered", "waiting", "missing"]


@dataclass(frozen=True)
class Costs:
    """What a representation takes.

    megabytes: its file on the server's disk. per_second: short texts or pictures that one
    processor reads, as measured on one of 2023. license: of its encoder.
    """

    megabytes: float
    per_second: int
    license: str = ""


COSTS: Final[Mapping[tuple[str, str], Costs]] = {
    ("text", "joined"): Costs(8.2, 18_000, "Apache-2.0"),
    ("text", "hashed"): Costs(0, 20_000),
    ("text", "encoded"): Costs(8.2, 130_000, "Apache-2.0"),
    ("text", "whole"): Costs(90.9, 200, "Apache-2.0"),
    ("image", "joined"): Costs(6.8, 25, "Apache-2.0"),
    ("image", "own"): Costs(0, 350),
    ("image", "encoded"): Costs(6.8, 25, "Apache-2.0"),
}


@dataclass(frozen=True)
class Offer:
    """A representation that a project has or may have.

    columns: 0 until it is known. seen: of ``total`` items, those that its encoder has
    seen, where that takes its time; None where it does not. accuracy: in the last
    comparison. is_chosen: it is in force once its encoder has seen enough. is_added: somebody has added its encoder, and may remove it.
    """

    name: str
    state: OfferState
    costs: Costs
    columns: int
    accuracy: Estimate | None
    seen: int | None
    total: int
    is_in_force: bool
    is_chosen: bool
    is_added: bool


def offers_of(project: Project) -> list[Offer]:
    """Return what a project has and may add; nothing for a table, which is read as it is."""
    if project.data_type == Project.DataType.TABLE:
        return []
    rows = {row.name: row for row in added.rows_of(project)}
    family = added.family_of(project)
    names = dict.fromkeys((*family, *rows, *added.OFFERS[project.data_type]))
    last, now = choices.newest(project.pk), in_force.name_today(project)
    chosen = choices.name_now(project)
    total = Item.objects.filter(project=project).count()
    made = []
    for name in names:
        spec = family.get(name)
        state, seen = _state(project, name, spec, rows.get(name), total)
        offer = Offer(
            name=name,
            state=state,
            costs=COSTS[project.data_type, name],
            columns=core.width(spec) if spec else 0,
            accuracy=_accuracy(last, name),
            seen=seen,
            total=total,
            is_in_force=name == now,
            is_chosen=name == chosen,
            is_added=name in rows,
        )
        made.append(offer)
    return made


def _state(
    project: Project,
    name: str,
    spec: core.Spec | None,
    row: AddedEncoder | None,
    total: int,
) -> tuple[OfferState, int | None]:
    """Return how far it is, and how many items its encoder has seen."""
    needed = row.given if row else added.GIVEN.get(name, {})
    if not telling.can_tell(needed):
        return "missing", None
    if spec is None:
        return ("waiting", 0) if row else ("offered", None)
    if not in_force.is_slow(spec):
        return "ready", None
    unseen = in_force.unseen(project, in_force.filed(spec)).count()
    return "waiting" if unseen > in_force.SOON else "ready", total - unseen


def _accuracy(last: RepresentationChoice | None, name: str) -> Estimate | None:
    figures = last.compared.get(name) if last else None
    if figures is None:
        return None
    return Estimate(*(figures[part] for part in ("value", "low", "high")))
