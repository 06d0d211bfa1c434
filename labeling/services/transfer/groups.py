"""Groups: items that stay on one side of the split, in whatever order they come.

An item belongs to the group that it names, else to that of what it is nearly the same
as, else to a new one, whose side is drawn. A group keeps its side: later items follow
it, whatever the share is by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from django.db import connection

from labeling import rules
from labeling.likeness import compare, rows, texts
from labeling.likeness.sketch import Sketch, named, number_of
from labeling.models import Item, Project
from labeling.services.transfer.importing.rows import Row
from labeling.sql import statements

_SQL: Final = statements.load(Path(__file__).with_name("groups.sql"))
# A band that so many share says nothing: with none more, each look-up stays short.
CROWD: Final = 20
POOL: Final = Item.Split.POOL.value
EVALUATION: Final = Item.Split.EVALUATION.value


class Newcomer(NamedTuple):
    """An item that needs a group: the name of its own, if its row has one."""

    name: str
    sketch: Sketch

    @property
    def own_key(self) -> str:
        """The key of the group that it names; empty where it names none."""
        return f"g:{self.name}"[:200] if self.name else ""


class Known(NamedTuple):
    """A group's key and side, and the signature of what stands for it."""

    group_key: str
    split: str
    signature: bytes = b""


class Place(NamedTuple):
    """The group and the side of an item, and whether it is like items of both sides."""

    group_key: str
    split: str
    is_between: bool = False


@dataclass
class Index:
    """What is known of a project's groups: some read, some new and not written yet."""

    known: dict[int, Known] = field(default_factory=dict)
    bands: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    new: dict[int, Known] = field(default_factory=dict)
    new_bands: list[tuple[int, int]] = field(default_factory=list)

    def like(self, sketch: Sketch) -> list[Known]:
        """Return what an item is like, most first; equal ones by their groups' keys."""
        if same := self.known.get(number_of(sketch.key)):
            return [same]
        numbers = {
            number for band in sketch.bands for number in self.bands.get(band, ())
        }
        if not numbers:
            return []
        others = [self.known[number] for number in sorted(numbers & self.known.keys())]
        shares = compare.likenesses(
            sketch.signature, [other.signature for other in others]
        )
        ranked = sorted(
            zip(shares, others, strict=True),
            key=lambda pair: (-pair[0], pair[1].group_key),
        )
        return [other for share, other in ranked if share > 0]

    def add(self, number: int, known: Known, bands: Iterable[int] = ()) -> None:
        """Have something stand for its group; crowded bands stay as they are."""
        if number in self.known:
            return
        self.known[number] = self.new[number] = known
        for band in bands:
            if len(self.bands[band]) < CROWD:
                self.bands[band].append(number)
                self.new_bands.append((band, number))


def newcomers(data_type: str, some: Sequence[tuple[Row, str]]) -> list[Newcomer]:
    """Return rows of text or table, each with its content's hash, as newcomers."""
    if data_type == Project.DataType.TEXT:
        sketches = texts.sketches([str(row.data["text"]) for row, _ in some])
    else:
        sketches = [rows.sketch(row.data, content) for row, content in some]
    return [
        Newcomer(row.group, sketch)
        for (row, _), sketch in zip(some, sketches, strict=True)
    ]


def place(
    project: Project, some: Sequence[Newcomer], held_out_below: float
) -> list[Place]:
    """Return the places of items, one after the other, and keep what later ones need.

    held_out_below: new groups are held out where their draw is less; 0: none is. Called
    behind the turn of imports, so that two of them find no group new at once.
    """
    index = _read(project.pk, some)
    places = [
        placed(index, newcomer, seed=project.seed, below=held_out_below)
        for newcomer in some
    ]
    _write(project.pk, index)
    return places


def placed(index: Index, newcomer: Newcomer, *, seed: int, below: float) -> Place:
    """Return the place of an item and add it to the index."""
    name = newcomer.own_key
    own = index.known.get(named(name)) if name else None
    alike = index.like(newcomer.sketch)
    group = own or chosen(alike)
    if group is None:
        key = name or newcomer.sketch.key
        is_held_out = rules.draw(seed, key) < below
        group = Known(key, EVALUATION if is_held_out else POOL)
    if name:
        index.add(named(name), Known(group.group_key, group.split))
    # What has joined by likeness is found by what it is like: one stands for all, or a
    # chain of small differences would make one group of everything.
    if own or not alike:
        number = number_of(newcomer.sketch.key)
        known = Known(group.group_key, group.split, newcomer.sketch.signature)
        index.add(number, known, newcomer.sketch.bands)
    sides = {group.split, *(other.split for other in alike)}
    return Place(group.group_key, group.split, is_between=len(sides) > 1)


def chosen(alike: Sequence[Known]) -> Known | None:
    """Return the group that an item joins, of those that it is like, most first.

    Where they are on both sides it is held out: there it costs one item of an
    evaluation, while in the pool it would taint all the held-out items that it is like.
    """
    held_out = [other for other in alike if other.split == EVALUATION]
    return next(iter(held_out or alike), None)


def is_shared(project: Project, group_key: str) -> bool:
    """Whether the items of a group are for several people."""
    return rules.is_shared(project.seed, group_key, project.overlap_share)


def move(project_id: int, sides: Mapping[str, str]) -> None:
    """Remember the sides of groups, by key, that have been moved as a whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["move"],
            {
                "project": project_id,
                "keys": list(sides),
                "sides": list(sides.values()),
            },
        )


def _read(project_id: int, some: Sequence[Newcomer]) -> Index:
    index = Index()
    names = {named(newcomer.own_key) for newcomer in some if newcomer.name}
    keys = {number_of(newcomer.sketch.key) for newcomer in some}
    _read_numbers(project_id, index, names | keys)
    bands = {
        band
        for newcomer in some
        if number_of(newcomer.sketch.key) not in index.known
        for band in newcomer.sketch.bands
    }
    if bands:
        with connection.cursor() as cursor:
            cursor.execute(
                _SQL["numbers_of"], {"project": project_id, "bands": _array(bands)}
            )
            for band, number in cursor.fetchall():
                index.bands[band].append(number)
        candidates = {number for numbers in index.bands.values() for number in numbers}
        _read_numbers(project_id, index, candidates - index.known.keys())
    return index


def _read_numbers(project_id: int, index: Index, numbers: set[int]) -> None:
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["known"], {"project": project_id, "numbers": _array(numbers)}
        )
        for number, key, split, signature in cursor.fetchall():
            index.known[number] = Known(key, split, bytes(signature))


def _write(project_id: int, index: Index) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(_SQL["keep"]) as copy:
            for number, known in sorted(index.new.items()):
                copy.write_row((project_id, number, *known))
        with cursor.copy(_SQL["keep_bands"]) as copy:
            # As one text, and in the order of the index: both take half the time.
            copy.write(
                "".join(
                    f"{project_id}\t{band}\t{number}\n"
                    for band, number in sorted(index.new_bands)
                )
            )


def _array(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL reads an array: thousands in a moment."""
    return "{" + ",".join(map(str, sorted(numbers))) + "}"
