"""The representations that a project may have: what each takes, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from activelearn.core import features as core
from activelearn.core.intervals import Estimate
from activelearn.models import AddedEncoder, RepresentationChoice
from activelearn.services.features import (
    added,
    adding,
    came_with,
    choices,
    folder_tables,
    in_force,
    programs,
    telling,
)
from activelearn.services.features.costs import COSTS, Costs
from labeling.models import Item, Project

# Ready: it can be chosen. Offered: somebody may add it. Waiting: its encoder has yet to
# see items. Missing: its file is not on this server.
OfferState = Literal["ready", "offered", "waiting", "missing"]

# Sources of vectors that are listed.
MOST_SOURCES: Final = 20


@dataclass(frozen=True)
class Offer:
    """A representation that a project has or may have.

    columns: 0 until it is known. seen: of ``total`` items, those that its encoder has
    seen, where that takes its time; None where it does not. accuracy: in the last
    comparison. is_chosen: it is in force once its encoder has seen enough. is_added: somebody
    has added its encoder, and may remove it. source: of vectors, whose they are.
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
    source: str = ""


def offers_of(project: Project) -> list[Offer]:
    """Return what a project has and may add; nothing for a table, which is read as it is."""
    if project.data_type == Project.DataType.TABLE:
        return []
    rows = {row.name: row for row in added.rows_of(project)}
    family = added.family_of(project)
    last, now = choices.newest(project.pk), in_force.name_today(project)
    chosen = choices.name_now(project)
    total = Item.objects.filter(project=project).count()
    made = []
    for name, source in _named(project, family, rows):
        spec = family.get(name)
        state, seen = _state(project, name, spec, rows.get(name), total)
        offer = Offer(
            name=name,
            state=state,
            costs=_costs(project.data_type, name, source, rows.get(name)),
            columns=core.width(spec) if spec else 0,
            accuracy=_accuracy(last, name),
            seen=seen,
            total=total,
            is_in_force=name == now,
            is_chosen=name == chosen,
            is_added=name in rows,
            source=source,
        )
        made.append(offer)
    return made


def _named(
    project: Project,
    family: Mapping[str, core.Spec],
    rows: Mapping[str, AddedEncoder],
) -> list[tuple[str, str]]:
    """Return the names of what there is and may be added, each with its source."""
    names = [
        (name, rows[name].given.get("called", "") if name in rows else "")
        for name in dict.fromkeys((*family, *rows))
    ]
    for name in added.OFFERS[project.data_type]:
        # An address is named where it is added.
        if name not in rows and name != added.ADDRESS:
            names += [(name, source) for source in _sources_of(project, name)]
    return names


def _sources_of(project: Project, name: str) -> list[str]:
    """Return whose encoders of a name may be added; "" where it is nobody's."""
    if name == added.VECTORS:
        # Those of the items themselves have no source.
        own = [""] if came_with.having(project, None).exists() else []
        sources = adding.sources_of(project)[:MOST_SOURCES]
        return [*own, *(source.name for source in sources)]
    if name == added.PROGRAM:
        return programs.names()
    if name == added.FOLDER:
        return [facts.called for facts in folder_tables.kept().values()]
    return [""]


def _state(
    project: Project,
    name: str,
    spec: core.Spec | None,
    row: AddedEncoder | None,
    total: int,
) -> tuple[OfferState, int | None]:
    """Return how far it is, and how many items its encoder has seen."""
    if not telling.can_tell(row.given if row else adding.GIVEN.get(name, {})):
        return "missing", None
    if spec is None:
        return ("waiting", 0) if row else ("offered", None)
    seen = _seen(project, spec, total)
    if not in_force.is_slow(spec):
        return "ready", seen
    is_behind = in_force.is_behind(project, in_force.filed(spec))
    return "waiting" if is_behind else "ready", seen


def _costs(kind: str, name: str, source: str, row: AddedEncoder | None) -> Costs:
    """Return what a representation takes; of a program its speed once it was measured."""
    if name == added.FOLDER:
        return folder_tables.costs_of(source)
    if name != added.PROGRAM:
        return COSTS[kind, name]
    return programs.costs_of(source, row.given.get("per_second", 0) if row else 0)


def _seen(project: Project, spec: core.Spec, total: int) -> int | None:
    """Return how many items an encoder has seen, or have a vector; None of a quick one."""
    encoder = spec.get("encoder", {})
    if encoder.get("name") == added.VECTORS:
        return came_with.having(project, encoder["source"]).count()
    if in_force.is_slow(spec):
        return total - in_force.unseen(project, in_force.filed(spec)).count()
    return None


def _accuracy(last: RepresentationChoice | None, name: str) -> Estimate | None:
    figures = last.compared.get(name) if last else None
    if figures is None:
        return None
    return Estimate(*(figures[part] for part in ("value", "low", "high")))
