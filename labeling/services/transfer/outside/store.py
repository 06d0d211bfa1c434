"""Predictions of a chunk into their table, each accounted for: COPY, then one statement."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from django.db import connection

from labeling.models import PredictionSource
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.sql import statements

SQL: Final = statements.load(Path(__file__).with_name("store.sql"))

# "unknown": no item has this id. "size": its embedding is not as long as the others.
# "sources": the project has as many sources as it may. "stays": its item has another one
# of the same source, which is not replaced.
KeptAs = Literal["new", "replaced", "same", "stays", "unknown", "size", "sources"]
# Sources of a project: whoever sends a name with each row has mistaken a column.
MOST_SOURCES: Final = 100


class Brought(NamedTuple):
    """A prediction on its way: the number of its row, and the id of its item."""

    number: int
    external_id: str
    predicted: SourcePrediction


class KeptSource(NamedTuple):
    """A source as it is stored."""

    pk: int
    name: str
    embedding_size: int | None


def keep(
    project_id: int, brought: Sequence[Brought], *, may_replace: bool = True
) -> list[KeptAs]:
    """Write predictions in the caller's transaction; return what became of each.

    Of two of one source for one item the later one replaces the other, or with
    ``may_replace`` False the earlier one stays.
    """
    if not brought:
        return []
    sources = _sources(project_id, {each.predicted.source for each in brought})
    outcomes: list[KeptAs] = ["unknown"] * len(brought)
    chains: dict[tuple[str, str], list[int]] = {}
    for place, each in enumerate(brought):
        if refusal := _refusal(sources, each.predicted):
            outcomes[place] = refusal
        else:
            key = (each.predicted.source, each.external_id)
            chains.setdefault(key, []).append(place)
    # The first of each is held against what is stored, the others against the one
    # before: an INSERT cannot touch a row twice.
    firsts = [chain[0] for chain in chains.values()]
    statement: Literal["keep", "add"] = "keep" if may_replace else "add"
    for place, outcome in _written(project_id, brought, firsts, sources, statement):
        outcomes[place] = outcome
    again = [chain for chain in chains.values() if len(chain) > 1]
    _follow(outcomes, again, brought, may_replace=may_replace)
    if not may_replace:
        return outcomes
    lasts = [chain[-1] for chain in again if outcomes[chain[0]] != "unknown"]
    if lasts:
        _written(project_id, brought, lasts, sources, statement)
    return outcomes


def _follow(
    outcomes: list[KeptAs],
    again: Iterable[list[int]],
    brought: Sequence[Brought],
    *,
    may_replace: bool,
) -> None:
    """Say of rows about one item what each was beside the one before it."""
    for chain in again:
        if outcomes[chain[0]] == "unknown":
            continue
        for earlier, place in itertools.pairwise(chain):
            is_same = brought[place].predicted == brought[earlier].predicted
            if not is_same:
                outcomes[place] = "replaced" if may_replace else "stays"
            else:
                outcomes[place] = "stays" if outcomes[earlier] == "stays" else "same"


def _refusal(
    sources: dict[str, KeptSource], predicted: SourcePrediction
) -> KeptAs | None:
    """Return why a prediction cannot be kept, whatever its item is."""
    source = sources.get(predicted.source)
    if source is None:
        return "sources"
    if predicted.embedding is None:
        return None
    size = len(predicted.embedding) // 4
    if source.embedding_size is None:
        # The first one says how long those of its source are.
        source = sources[predicted.source] = source._replace(embedding_size=size)
        with connection.cursor() as cursor:
            cursor.execute(SQL["size_embeddings"], {"source": source.pk, "size": size})
    return None if source.embedding_size == size else "size"


def _sources(project_id: int, names: set[str]) -> dict[str, KeptSource]:
    """Return the sources of some names; new ones are made while there is room."""
    # Behind the turn of predictions: no other job makes a source meanwhile.
    mine = PredictionSource.objects.filter(project=project_id)
    known = {*mine.values_list("name", flat=True)}
    new = sorted(names - known)[: max(0, MOST_SOURCES - len(known))]
    with connection.cursor() as cursor:
        used = sorted((names & known) | {*new})
        cursor.execute(SQL["name_sources"], {"project": project_id, "names": used})
        rows = cursor.fetchall()
    return {name: KeptSource(pk, name, size) for pk, name, size in rows}


def forget_empty(project_id: int) -> None:
    """Delete sources that predict nothing, such as one that was misspelled."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["forget_empty"], {"project": project_id})


def _written(
    project_id: int,
    brought: Sequence[Brought],
    places: Sequence[int],
    sources: Mapping[str, KeptSource],
    statement: Literal["keep", "add"],
) -> list[tuple[int, KeptAs]]:
    """Write the predictions at some places by a statement; return what became of each."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["begin"])
        with _copy() as write:
            for place in places:
                each = brought[place]
                predicted = each.predicted
                write(
                    (
                        place,
                        sources[predicted.source].pk,
                        each.external_id,
                        _array(predicted.labels),
                        predicted.confidence,
                        predicted.probabilities,
                        predicted.embedding,
                    )
                )
        cursor.execute(SQL[statement], {"project": project_id})
        written: list[tuple[int, KeptAs]] = cursor.fetchall()
        # Within one transaction, as in a test, the next chunk makes the table again.
        cursor.execute(SQL["forget"])
    return written


@contextmanager
def _copy() -> Iterator[Callable[[Sequence[object]], None]]:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(SQL["bring"]) as sink,
    ):
        yield sink.write_row


@lru_cache(maxsize=4096)
def _array(labels: tuple[str, ...]) -> str:
    """Return labels as PostgreSQL writes a list of texts."""
    quoted = (
        '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"' for label in labels
    )
    return "{" + ",".join(quoted) + "}"
