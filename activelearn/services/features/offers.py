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

# Sources of vectors that are listed.
MOST_SOURCES: Final = 20


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
    ("text", "vectors"): Costs(0, 10_000),
    ("image", "vectors"): Costs(0, 350),
    ("image", "joined"): Costs(6.8, 25, "Apache-2.0"),
    ("image", "own"): Costs(0, 350),
    ("image", "encoded"): Costs(6.8, 25, "Apache-2.0"),
}


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
            costs=COSTS[project.data_type, name],
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
        if name in rows:
            continue
        if name == added.VECTORS:
            sources = added.sources_of(project)[:MOST_SOURCES]
            names += [(name, source.name) for source in sources]
        else:
            names.append((name, ""))
    return names


def _state(
    project: Project,
    name: str,
    spec: core.Spec | None,
    row: AddedEncoder | None,
    total: int,
) -> tuple[OfferState, int | None]:
    """Return how far it is, and how many items its encoder has seen."""
    if not telling.can_tell(row.given if row else added.GIVEN.get(name, {})):
        return "missing", None
    if spec is None:
        return ("waiting", 0) if row else ("offered", None)
    seen = _seen(project, spec, total)
    is_behind = in_force.is_slow(spec) and total - (seen or 0) > in_force.SOON
    return "waiting" if is_behind else "ready", seen


def _seen(project: Project, spec: core.Spec, total: int) -> int | None:
    """Return how many items an encoder has seen, or have a vector; None of a quick one."""
    encoder = spec.get("encoder", {})
    if encoder.get("name") == added.VECTORS:
        return added.with_vector(encoder["source"])
    if in_force.is_slow(spec):
        return total - in_force.unseen(project, in_force.filed(spec)).count()
    return None


def _accuracy(last: RepresentationChoice | None, name: str) -> Estimate | None:
    figures = last.compared.get(name) if last else None
    if figures is None:
        return None
    return Estimate(*(figures[part] for part in ("value", "low", "high")))
