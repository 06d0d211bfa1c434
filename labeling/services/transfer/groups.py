"""Groups: items that stay on one side of the split, in whatever order they come.

An item belongs to the group that it names, else to that of what it is nearly the same
as, else to a new one, whose side is drawn. A group keeps its side: later items follow
it, whatever the share is by then. After ``FAMILY`` items that are nearly the same no more
join: these are a form that is filled in, and in one group they would all be on one side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db import connection

from labeling import rules
from labeling.likeness.sketch import FAMILY, Sketch, key_number, named
from labeling.models import Item, Project
from labeling.services.transfer import sketching
from labeling.services.transfer.group_index import Index, Known
from labeling.sql import copying, statements

if TYPE_CHECKING:
    # An import goes by groups: whoever asks for these first would find half of them.
    from labeling.services.transfer.rows import Row

SQL: Final = statements.load(Path(__file__).with_name("groups.sql"))
# The key of a group that its first item's content has named.
_KEY: Final = re.compile("[0-9a-f]{16}")
POOL: Final = Item.Split.POOL.value
EVALUATION: Final = Item.Split.EVALUATION.value


class Newcomer(NamedTuple):
    """An item that needs a group: the name of its own, if its row has one."""

    name: str
    sketch: Sketch
    split: str = ""  # that its row says; else it is drawn

    @property
    def own_key(self) -> str:
        """The key of the group that it names; empty where it names none."""
        return f"g:{self.name}"[:200] if self.name else ""


class GroupPlace(NamedTuple):
    """The group and the side of an item, and whether it is like items of both sides."""

    group_key: str
    split: str
    is_between: bool = False


class Meeting(NamedTuple):
    """The key of an item's group, and that of another one that the item is like.

    number: of the content, which both have.
    """

    own: str
    other: str
    number: int | None = None


def newcomers(data_type: str, some: Sequence[tuple[Row, str]]) -> list[Newcomer]:
    """Return rows of text or table, each with its content's hash, as newcomers."""
    contents = [(row.data, content_hash) for row, content_hash in some]
    sketches = sketching.of_data(data_type, contents)
    return [
        Newcomer(row.group, sketch, row.split)
        for (row, _), sketch in zip(some, sketches, strict=True)
    ]


@contextmanager
def placing(
    project: Project, some: Sequence[Newcomer], held_out_below: float
) -> Iterator[Iterator[GroupPlace]]:
    """Give the places of items, one after the other; keep then what later ones need.

    A place is computed when it is asked for, and meanwhile the connection is free. Those
    that the body leaves are not kept.
    held_out_below: new groups are held out where their draw is less; 0: none is. Called
    behind the turn of imports, so that two of them find no group new at once.
    """
    with _index(project.pk, some) as index:
        yield (
            placed(index, newcomer, seed=project.seed, below=held_out_below)
            for newcomer in some
        )


def place(
    project: Project, some: Sequence[Newcomer], held_out_below: float
) -> list[GroupPlace]:
    """Return the places of items, and keep what later ones need: ``placing`` at once."""
    with placing(project, some, held_out_below) as places:
        return list(places)


@contextmanager
def _index(project_id: int, some: Sequence[Newcomer]) -> Iterator[Index]:
    """Read what some items are compared with; write at the end what has been added."""
    index = _read(project_id, some)
    yield index
    _write(project_id, index)
    _count(project_id, index)


def compare_earlier(
    project: Project, some: Sequence[tuple[GroupPlace, Sketch]]
) -> dict[int, Meeting]:
    """Keep the sketches of items that have a group already; return what these meet.

    Which groups the items are like, by place in ``some``: none of their own group, and
    none that nothing joins any more. Called behind the turn of imports.
    """
    earlier = [
        (place, Newcomer(place.group_key.removeprefix("g:"), sketch))
        if place.group_key.startswith("g:")
        else (place, Newcomer("", sketch))
        for place, sketch in some
    ]
    meetings: dict[int, Meeting] = {}
    with _index(project.pk, [newcomer for _, newcomer in earlier]) as index:
        for at, (place, newcomer) in enumerate(earlier):
            number = key_number(newcomer.sketch.key)
            alike = index.like(newcomer.sketch)
            joins = chosen(index.known, alike.joinable)
            own = Known(place.group_key, place.split)
            # On the other side it stands for itself: what comes later is like both.
            is_apart = joins is not None and index.known[joins].split != own.split
            _keep(index, newcomer, own, joins, stands=is_apart or not alike.is_any)
            if joins is not None and index.known[joins].group_key != own.group_key:
                meetings[at] = Meeting(
                    own.group_key,
                    index.known[joins].group_key,
                    number if joins == number else None,
                )
    return meetings


def are_known(project_id: int, sketches: Iterable[Sketch]) -> bool:
    """Whether later items are compared with all of some sketches."""
    numbers = {key_number(sketch.key) for sketch in sketches}
    index = Index()
    _read_numbers(project_id, index, numbers)
    return numbers <= index.known.keys()


def placed(index: Index, newcomer: Newcomer, *, seed: int, below: float) -> GroupPlace:
    """Return the place of an item and add it to the index."""
    own = index.known.get(named(newcomer.own_key)) if newcomer.name else None
    joinable, is_any = index.like(newcomer.sketch)
    # What a row names goes before what it is like.
    joins = None
    if joinable and not own:
        on_side = [a for a in joinable if newcomer.split in ("", index.known[a].split)]
        joins = chosen(index.known, on_side)
    if joins is not None:
        group = index.known[joins]
    else:
        group = own or _begun(newcomer, seed=seed, below=below)
    key, split = group.group_key, group.split
    _keep(index, newcomer, Known(key, split), joins, stands=bool(own) or not is_any)
    is_between = any(index.known[at].split != split for at in joinable)
    return GroupPlace(key, split, is_between)


def _keep(
    index: Index, newcomer: Newcomer, place: Known, joins: int | None, *, stands: bool
) -> None:
    """Add an item to the index; ``stands``: for what comes later and is like it.

    What has joined does not, or a chain of small differences would make one group of
    everything; and of a family that is full, its first items do for all.
    """
    number = key_number(newcomer.sketch.key)
    if newcomer.name:
        index.add(named(newcomer.own_key), place)
    if stands:
        sketch = newcomer.sketch
        own_place = Known(place.group_key, place.split, sketch.signature)
        index.add(number, own_place, sketch.bands)
    elif joins is None:
        index.add(number, Known(place.group_key, place.split, members=FAMILY))
    else:
        index.add(number, place)
        if joins != number:
            index.join(joins)


def _begun(newcomer: Newcomer, *, seed: int, below: float) -> Known:
    """Return a new group, whose side is drawn."""
    key = newcomer.own_key or newcomer.sketch.key
    drawn = EVALUATION if rules.draw(seed, key) < below else POOL
    return Known(key, newcomer.split or drawn)


def chosen(known: Mapping[int, Known], alike: Sequence[int]) -> int | None:
    """Return which an item joins, of those that it is like, most first.

    Where they are on both sides it is held out: there it costs one item of an
    evaluation, while in the pool it would taint all the held-out items that it is like.
    """
    held_out = [number for number in alike if known[number].split == EVALUATION]
    return next(iter(held_out or alike), None)


def is_shared(project: Project, group_key: str) -> bool:
    """Whether the items of a group are for several people."""
    return rules.is_shared(project.seed, group_key, project.overlap_share)


def families(project_id: int, keys: Iterable[str]) -> set[str]:
    """Return those of some groups, by key, that nothing joins any more."""
    numbers = {key_number(key) for key in keys if _KEY.match(key)}
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "project": project_id,
            "numbers": _array(numbers),
            "full": FAMILY,
        }
        cursor.execute(SQL["families"], values)
        return {group_key for (group_key,) in cursor.fetchall()}


def move(project_id: int, sides: Mapping[str, str]) -> None:
    """Remember the sides of groups, by key, that have been moved as a whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["move"],
            {
                "project": project_id,
                "keys": list(sides),
                "sides": list(sides.values()),
            },
        )


def join(project_id: int, joined: Mapping[str, tuple[str, str]]) -> None:
    """Remember that groups, by key, are part of others: by key and side."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["join"],
            {
                "project": project_id,
                "keys": list(joined),
                "others": [key for key, _ in joined.values()],
                "sides": [split for _, split in joined.values()],
            },
        )


def _read(project_id: int, some: Sequence[Newcomer]) -> Index:
    index = Index()
    names = {named(newcomer.own_key) for newcomer in some if newcomer.name}
    keys = {key_number(newcomer.sketch.key) for newcomer in some}
    _read_numbers(project_id, index, names | keys)
    bands = {
        band
        for newcomer in some
        if key_number(newcomer.sketch.key) not in index.known
        for band in newcomer.sketch.bands
    }
    if bands:
        with connection.cursor() as cursor:
            cursor.execute(
                SQL["numbers_of"],
                {"project": project_id, "bands": _array(bands)},
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
            SQL["known"], {"project": project_id, "numbers": _array(numbers)}
        )
        for number, key, split, signature, members in cursor.fetchall():
            index.learn(number, Known(key, split, bytes(signature), members))


def _write(project_id: int, index: Index) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(SQL["keep"]) as copy:
            copy.write("".join(_lines(project_id, index)))
        with cursor.copy(SQL["keep_bands"]) as copy:
            # In the order of the index: it takes half the time.
            copy.write(
                "".join(
                    f"{project_id}\t{band}\t{number}\n"
                    for band, number in sorted(index.new_bands)
                )
            )


def _lines(project_id: int, index: Index) -> Iterator[str]:
    for number, known in sorted(index.new.items()):
        key, signature = copying.text(known.group_key), copying.binary(known.signature)
        rest = f"{known.split}\t{signature}\t{known.members}"
        yield f"{project_id}\t{number}\t{key}\t{rest}\n"


def _count(project_id: int, index: Index) -> None:
    if index.joined:
        joined = sorted(index.joined)
        values: dict[str, Any] = {
            "project": project_id,
            "numbers": joined,
            "members": [index.known[number].members for number in joined],
        }
        with connection.cursor() as cursor:
            cursor.execute(SQL["count"], values)


def _array(numbers: Iterable[int]) -> str:
    """Return numbers as PostgreSQL reads an array: thousands in a moment."""
    return "{" + ",".join(map(str, sorted(numbers))) + "}"
