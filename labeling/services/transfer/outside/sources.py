"""Who predicts from outside: how much, and how often as people say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet

from labeling import signals
from labeling.errors import NotFoundError
from labeling.messages import sentence as _
from labeling.models import OutsidePrediction, PredictionSource, Project
from labeling.quality.shares import wilson
from labeling.services.transfer.outside.store import SQL
from labeling.services.work.transactions import Turn, await_turn, lock_project

# The newest labels of a project that sources are held against.
COMPARED: Final = 20_000


@dataclass(frozen=True)
class SourceAgreement:
    """On how many labeled items a source says what people say, out of how many.

    interval: of the share, at 95 % (Wilson's score); None without items.
    """

    same: int = 0
    items: int = 0

    @property
    def share(self) -> float | None:
        """The share of the items on which it does."""
        return self.same / self.items if self.items else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share."""
        return wilson(self.same, self.items)


@dataclass(frozen=True)
class SourceCounts:
    """How many items a source predicts, and how it agrees with people's labels.

    held_out: on held-out items, which are a random sample and labeled blind. others: on
    the other labeled items, which are no random sample.
    """

    source: PredictionSource
    items: int
    held_out: SourceAgreement
    others: SourceAgreement

    @property
    def agreements(self) -> tuple[SourceAgreement, SourceAgreement]:
        """Both, the one of held-out items first."""
        return self.held_out, self.others


def listed(project: Project) -> QuerySet[PredictionSource]:
    """Return the sources of a project; the first one is the newest."""
    return PredictionSource.objects.filter(project=project).order_by("-pk")


def counted(project: Project) -> Mapping[int, SourceCounts]:
    """Return the counts of all sources of a project by their keys, in three queries."""
    sources = {source.pk: source for source in listed(project)}
    with connection.cursor() as cursor:
        cursor.execute(SQL["count"], {"sources": [*sources]})
        items = dict(cursor.fetchall())
        cursor.execute(SQL["compare"], {"project": project.pk, "most": COMPARED})
        agreed = {
            (source, is_held_out): SourceAgreement(same, total)
            for source, is_held_out, total, same in cursor.fetchall()
        }
    return {
        pk: SourceCounts(
            source,
            items.get(pk, 0),
            agreed.get((pk, True), SourceAgreement()),
            agreed.get((pk, False), SourceAgreement()),
        )
        for pk, source in sources.items()
    }


def sources_of(project: Project) -> list[SourceCounts]:
    """Return the counts of all sources of a project, the newest source first."""
    return [*counted(project).values()]


def source_named(project: Project, pk: int) -> PredictionSource:
    """Return a source of a project. Raises NotFoundError where it has no such one."""
    source = PredictionSource.objects.filter(project=project, pk=pk).first()
    if source is None:
        raise NotFoundError(_("There is no such source in this project."))
    return source


def delete_source(project: Project, pk: int) -> int:
    """Delete a source with all that it predicts; return how many items that were.

    Its suggestions leave the queue. Votes and what is lent keep what was shown.

    Raises NotFoundError where the project has no such source, or has been deleted.
    """
    with transaction.atomic():
        await_turn(Turn.PREDICTIONS, project.pk)
        lock_project(project.pk)
        source = source_named(project, pk)
        rows = OutsidePrediction.objects.filter(source=source)
        # Nothing refers to them, so nothing is collected first: there may be millions.
        count = rows._raw_delete("default")  # noqa: SLF001
        source.delete()
        signals.send_on_commit(signals.predictions_changed, project.pk)
        _leave(project.pk, source.name)
    return int(count)


def _leave(project_id: int, name: str) -> None:
    """Take the suggestions of a source from the queue, last before the commit.

    Entries that somebody takes are left alone. What is lent keeps what its person may
    have seen: the vote says so.
    """
    with connection.cursor() as cursor:
        cursor.execute(SQL["leave_queue"], {"project": project_id, "name": name})
