"""Delete items and projects for good, with all that hangs on them.

Items are deleted in chunks and in two steps, while people are at work. The first step
closes them and takes them out of the queue: from then on nobody gets them, and no lease
waits for the second step, which deletes the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_noop as noop

from labeling import queries
from labeling.errors import ConflictError, InvalidInputError
from labeling.messages import message
from labeling.messages import sentence as _
from labeling.models import (
    Annotation,
    Assignment,
    ImportRun,
    Invitation,
    Item,
    Job,
    Membership,
    Project,
    QueueEntry,
    Resolution,
    Upload,
    User,
)
from labeling.services.queue import giving_back, order, reviews
from labeling.services.votes import agreement, counts, resolutions
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn, lock_project

# Items of one transaction: people who vote on them wait for it.
CHUNK: Final = 200
# A deletion and a vote can deadlock. The deletion gives up first: it waits for a lock
# shorter than the second after which the database would end either of them.
PATIENCE: Final = "500ms"
TRIES: Final = 20
PAUSE: Final = 0.1


@dataclass(frozen=True)
class Loss:
    """What would be deleted along with some items."""

    items: int
    votes: int
    label_count: int


def loss_of(items: QuerySet[Item]) -> Loss:
    """Return what would go with ``items``, in three queries."""
    ids = items.order_by().values("pk")
    return Loss(
        items=items.count(),
        votes=Annotation.votes.filter(item__in=ids, undone_at=None).count(),
        label_count=Resolution.objects.filter(item__in=ids, superseded_at=None).count(),
    )


def chosen(project: Project, query: Mapping[str, str]) -> QuerySet[Item]:
    """Return the items that ``query`` names; ``all``: "yes" names every item.

    Raises InvalidInputError for an unknown filter, since a misspelt one would name more
    than was meant, and for no filter at all.
    """
    filters = {name: value for name, value in query.items() if value}
    is_all = filters.pop("all", "") == "yes"
    if unknown := sorted(filters.keys() - queries.ITEM_FILTERS):
        raise InvalidInputError(
            errors={name: [_("This is no filter.")] for name in unknown}
        )
    if is_all == bool(filters):
        raise InvalidInputError(_("Name the items by a filter, or say all=yes."))
    return queries.items_matching(project, filters)


def request_deletion(
    project: Project, user: User, query: Mapping[str, str], *, expected: int | None
) -> Job:
    """Request that the items which ``query`` names now are deleted.

    Raises ConflictError where they are not as many as were ``expected``, and what
    ``chosen`` raises.
    """
    items = chosen(project, query)
    # What is imported from here on has a higher id, so the job leaves it alone.
    last = items.order_by().aggregate(pk=Max("pk"))["pk"]
    number = items.count()
    if expected not in (None, number):
        raise ConflictError(
            _("It would be %(now)s items now, not %(then)s. Look again.")
            % {"now": number, "then": expected}
        )
    params = {"query": dict(query), "until": last or 0, "total": number}
    return jobs.enqueue("delete", project=project, params=params, user=user)


def run(progress: Progress) -> dict[str, Any]:
    """Delete what the job's query names; a repeated run deletes what is left.

    Raises InvalidInputError where the query names a filter that is no longer there.
    """
    project = progress.job.project
    if project is None:
        return {}
    deleted = _delete_named(progress, project)
    agreement.request_report(project)
    return {"deleted": deleted}


def _delete_named(progress: Progress, project: Project) -> int:
    params = progress.job.params
    done: int = params.get("done", 0)
    named = ", ".join(
        f"{name}={value}" for name, value in params["query"].items() if value
    )
    progress.log(
        message("%(count)s items: %(filters)s", count=params["total"], filters=named)
    )
    progress.report(done=done, total=params["total"], stage=noop("deleting items"))
    for ids in _parts(project, params):
        # Written to the job's row with the closing: the query may no longer name items
        # that are closed, and a worker that takes this job over must go on with them.
        with transaction.atomic():
            progress.note(begun=ids)
            close(project.pk, ids)
        _patiently(partial(_delete, project.pk, ids))
        done += len(ids)
        progress.note(begun=[], done=done)
        progress.report(done=done)
    return done


def _parts(project: Project, params: Mapping[str, Any]) -> Iterator[list[int]]:
    """Yield the ids in chunks; the chunk that was begun before comes first."""
    if begun := params.get("begun"):
        yield begun
    items = chosen(project, params["query"]).filter(pk__lte=params["until"])
    ids = items.order_by("pk").values_list("pk", flat=True)
    last = 0
    while some := list(ids.filter(pk__gt=last)[:CHUNK]):
        yield some
        last = some[-1]


def delete_now(project: Project, ids: list[int]) -> None:
    """Delete a few items at once."""
    with transaction.atomic():
        close(project.pk, ids)
    _patiently(partial(_delete, project.pk, ids))
    agreement.request_report(project)


def request_project_deletion(member: Membership, typed: str) -> Job:
    """Request that the member's project is deleted; at once it has no members.

    Its short name is free again at once. Raises InvalidInputError unless ``typed`` is
    that name, and NotFoundError where the project is gone already.
    """
    project = member.project
    if typed != project.slug:
        raise InvalidInputError(
            errors={"slug": [_("Type “%(slug)s” to be sure.") % {"slug": project.slug}]}
        )
    with transaction.atomic():
        lock_project(project.pk)
        Membership.objects.filter(project=project).delete()
        Invitation.objects.filter(project=project).delete()
        # An import that goes on would fill what is being emptied.
        for job in Job.objects.filter(project=project, finished_at=None):
            jobs.cancel(job)
        gone = f"deleted-{project.pk}"
        Project.objects.filter(pk=project.pk).update(slug=gone, is_paused=True)
        total = Item.objects.filter(project=project).count()
        query = {"query": {"all": "yes"}, "until": 2**63 - 1, "total": total}
        return jobs.enqueue(
            "delete-project",
            params={"project": project.pk, **query},
            series=f"delete:{project.pk}",
            user=member.user,
        )


def run_for_project(progress: Progress) -> dict[str, Any]:
    """Delete a project: its items in chunks, then all its other rows.

    Raises InvalidInputError where the job's query is none.
    """
    project = Project.objects.filter(pk=progress.job.params["project"]).first()
    if project is None:
        return {}
    deleted = _delete_named(progress, project)
    # Files before rows: only the rows name them, and these go with the project.
    for upload in Upload.objects.filter(project=project):
        default_storage.delete(upload.path)
    for path in ImportRun.objects.filter(project=project).values_list(
        "report__path", flat=True
    ):
        if path:
            default_storage.delete(path)
    _patiently(Project.objects.filter(pk=project.pk).delete)
    return {"deleted": deleted}


def close(project_id: int, ids: list[int]) -> None:
    """Close items and take them out of the queue, which nobody fills meanwhile."""
    await_turn(Turn.ORDER, project_id)
    items = Item.objects.filter(pk__in=ids, project=project_id).order_by("pk")
    # In the order of ids: the update below would lock them in any order.
    list(items.select_for_update(no_key=True).values_list("pk"))
    items.update(state=Item.State.INVALID, is_unsettled=False)
    giving_back.withdraw(ids)
    reviews.withdraw_items(ids)


def _patiently(delete: Callable[[], object]) -> None:
    """Run ``delete`` in one transaction; repeat it after a deadlock or a lock timeout.

    Raises OperationalError or IntegrityError when all ``TRIES`` have failed.
    """
    for tried in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                delete()
        # A vote that came in between refers to what goes: the check at the commit
        # fails, and the next try takes the vote along.
        except (OperationalError, IntegrityError):
            if tried == TRIES:
                raise
            time.sleep(PAUSE)
        else:
            return


def _delete(project_id: int, ids: list[int]) -> None:
    """Delete closed items and subtract their votes and labels from the counters."""
    await_turn(Turn.PREDICTIONS, project_id)
    with connection.cursor() as cursor:
        # After the turn, which counts as a lock: a publication of predictions may take
        # longer.
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    items = Item.objects.filter(pk__in=ids, project=project_id).order_by("pk")
    held = Assignment.objects.filter(item__in=ids).order_by("pk")
    # Lock order: assignments, items, and the counters below.
    for rows in (held, items):
        list(rows.select_for_update(of=("self",)).values_list("pk"))
    # Counted under the locks, from the rows that go: so the counters stay exact.
    counted = counts.recount(items=list(items.values_list("pk", flat=True)))
    QueueEntry.objects.filter(item__in=ids).delete()
    items.delete()
    counts.take_off(project_id, counted)
    order.send_items_changed(project_id)
    resolutions.send_labels_settled(project_id)
