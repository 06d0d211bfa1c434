"""Sources that are listed by themselves: every some hours, later where that fails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F
from django.utils import timezone

from labeling.models import Source

MOST_HOURS: Final = 24 * 28
# However often it has failed: a server that is back is found again.
LONGEST: Final = timedelta(days=7)


def first(every_hours: int, listed_at: datetime | None) -> datetime | None:
    """Return when a source is listed by itself next, once its hours are set."""
    if not every_hours:
        return None
    now = timezone.now()
    # What was listed long ago, or never, is due at once.
    return max(now, listed_at + timedelta(hours=every_hours)) if listed_at else now


def wait(every_hours: int, failures: int) -> timedelta:
    """Return how long a source waits that has failed so often: each time twice as long."""
    own = timedelta(hours=every_hours)
    # The exponent is bounded, or a number would grow that no duration holds.
    return max(own, min(LONGEST, own * 2 ** min(failures, 12)))


def due(now: datetime) -> list[Source]:
    """Return the sources that are to be listed now, those that wait longest first."""
    # A project that is being deleted is paused, too: nothing new comes into it.
    waiting = Source.objects.filter(list_after__lte=now, project__is_paused=False)
    return [*waiting.select_related("project").order_by("list_after")]


def take(source: Source, now: datetime) -> bool:
    """Keep when a source is listed next; False where another sweep has taken it.

    In the transaction that requests its list. A list whose worker dies is tried again by
    its job, and not by each sweep.
    """
    after = now + wait(source.every_hours, source.failures)
    # Of two sweeps at once the second one finds the time moved already.
    same = Source.objects.filter(pk=source.pk, list_after=source.list_after)
    return bool(same.update(list_after=after))


def note_failure(source: Source) -> None:
    """Count a list that failed; the next one by itself comes later."""
    mine = Source.objects.filter(pk=source.pk)
    mine.filter(failures__lt=1000).update(failures=F("failures") + 1)
    for every, failures in mine.values_list("every_hours", "failures"):
        if every:
            mine.update(list_after=timezone.now() + wait(every, failures))


def after_list(source: Source) -> dict[str, Any]:
    """Return what a list that came to its end changes of its source."""
    # Read anew: a person may have changed it, or removed the source, meanwhile.
    mine = Source.objects.filter(pk=source.pk)
    every = mine.values_list("every_hours", flat=True).first()
    after = timezone.now() + timedelta(hours=every) if every else None
    return {"failures": 0, "list_after": after}
