"""Sketches of items that an earlier release took in and kept none of.

What comes later would not be found to be nearly the same as these. The newest items are
sketched first: so a project lacks sketches for as long as its oldest item has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_noop as noop

from labeling.likeness.sketch import Sketch
from labeling.messages import message
from labeling.models import Item, Job, Likeness, Prediction, Project, User
from labeling.services.queue import giving_back
from labeling.services.queue.order import send_items_changed
from labeling.services.transfer import groups, sketching, splitting
from labeling.services.transfer.groups import EVALUATION, GroupPlace, Meeting
from labeling.services.work import jobs
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import Turn, await_turn

KIND: Final = "sketch"
# Items of one transaction; imports wait for it.
CHUNK: Final = 1000
# How many are named of the items that stay apart from items like them.
NAMED: Final = 20


@dataclass
class SketchTally:
    """What a job has done so far.

    moved: items that changed sides; apart: items that stay on another side than what they
    are nearly the same as; names: of the first of these.
    """

    until: int | None = None
    sketched: int = 0
    moved: int = 0
    apart: int = 0
    names: list[str] = field(default_factory=list)


def request_all() -> int:
    """Request sketches for each project that lacks some; return how many do."""
    projects = [p for p in Project.objects.order_by("pk") if _is_due(p)]
    for project in projects:
        jobs.request_for_project("sketch", project.pk, series=KIND)
    return len(projects)


def _is_due(project: Project) -> bool:
    last = Job.objects.filter(kind=KIND, project=project).order_by("-pk").first()
    # What a person has cancelled is left to people; what waits or runs will do.
    stays = (Job.State.CANCELLED, Job.State.QUEUED, Job.State.RUNNING)
    return is_lacking(project) if last is None or last.state not in stays else False


def is_lacking(project: Project) -> bool:
    """Whether items of the project have no sketch yet."""
    oldest = Item.objects.filter(project=project).order_by("pk")[:1]
    sketches = [sketch for _, sketch in sketching.of_items(project, oldest)]
    return not groups.are_known(project.pk, sketches)


def again(job: Job, user: User | None) -> Job:
    """Request it once more: from where a job stopped, or of all items after its end."""
    params = {} if job.state == Job.State.DONE else job.params
    return jobs.enqueue(
        "sketch", project=job.project, params=params, series=job.series, user=user
    )


def run(progress: Progress) -> dict[str, Any]:
    """Sketch the items, newest first, and bring together what is nearly the same.

    A group that nobody has touched joins what it is like. What has a label, a vote or a
    lease stays where it is, and the job's log names it: the leak check of each run
    leaves it out where a model has learned from what it is like.
    """
    project = progress.job.project
    if project is None:
        return {}
    tally = SketchTally(**progress.job.params.get("tally", {}))
    total = Item.objects.filter(project=project).count()
    while _sketch(project, tally, progress):
        progress.report(done=tally.sketched, total=total, stage=noop("sketches"))
        progress.step(tally.sketched, total)
    if tally.moved:
        progress.log(
            message(
                "%(count)s items went to the side of those that they are nearly the same as.",
                count=tally.moved,
            )
        )
    if tally.apart:
        progress.log(
            message(
                "%(count)s items are nearly the same as items on the other side, and stay, for both have labels, votes or leases: %(items)s",
                count=tally.apart,
                items=", ".join(tally.names),
            )
        )
    return {
        "sketched": tally.sketched,
        "moved": tally.moved,
        "apart": tally.apart,
    }


def _sketch(project: Project, tally: SketchTally, progress: Progress) -> bool:
    """Sketch a chunk, keep with the job how far it is; whether there was one."""
    items = Item.objects.filter(project=project).order_by("-pk")
    if tally.until is not None:
        items = items.filter(pk__lt=tally.until)
    # Pictures take so long that they are read before the transaction begins.
    chunk = list(sketching.of_items(project, items[:CHUNK]))
    if not chunk:
        return False
    with transaction.atomic():
        await_turn(Turn.IMPORTS, project.pk)
        # Read again behind the turn: an import may have moved groups meanwhile.
        places = _places(project, [item.pk for item, _ in chunk])
        sketched = [
            (item, sketch, places[item.pk])
            for item, sketch in chunk
            if item.pk in places
        ]
        meetings = groups.compare_earlier(
            project, [(place, sketch) for _, sketch, place in sketched]
        )
        tally.moved += _bring_together(project, meetings)
        _name_apart(project, sketched, meetings, tally)
        tally.sketched += len(chunk)
        tally.until = chunk[-1][0].pk
        # Last, for it locks the job's row: a worker that lost the job writes nothing.
        progress.note(tally=asdict(tally))
    return True


def _places(project: Project, ids: Sequence[int]) -> dict[int, GroupPlace]:
    rows = Item.objects.filter(project=project, pk__in=ids)
    return {
        pk: GroupPlace(key, split)
        for pk, key, split in rows.values_list("pk", "group_key", "split")
    }


def _bring_together(project: Project, meetings: Mapping[int, Meeting]) -> int:
    """Let groups that nobody has touched join what they are like; how many items move."""
    keys = {
        key for meeting in meetings.values() for key in (meeting.own, meeting.other)
    }
    free = keys - splitting.touched_groups(project, keys)
    joined: dict[str, str] = {}
    for meeting in meetings.values():
        own, other = (_end(joined, key) for key in (meeting.own, meeting.other))
        if own == other:
            continue
        if own in free:
            joined[own] = other
        elif other in free:
            joined[other] = own
    return _join(project, {key: _end(joined, key) for key in joined})


def _end(joined: Mapping[str, str], key: str) -> str:
    """Return the group that a group is in by now."""
    while key in joined:
        key = joined[key]
    return key


def _join(project: Project, joined: Mapping[str, str]) -> int:
    """Let the items of groups join others, by key; return how many changed sides."""
    items = Item.objects.filter(project=project)
    split_of = _splits(project, joined.values())
    moved: list[int] = []
    for old, new in joined.items():
        own = items.filter(group_key=old)
        moved += own.exclude(split=split_of[new]).values_list("pk", flat=True)
        own.update(group_key=new, split=split_of[new])
    groups.join(project.pk, {old: (new, split_of[new]) for old, new in joined.items()})
    if moved:
        # Their entries in the queue say for what work they are.
        giving_back.withdraw(moved)
        Prediction.objects.filter(item__in=moved, item__split=EVALUATION).delete()
        send_items_changed(project.pk)
    return len(moved)


def _splits(project: Project, keys: Iterable[str]) -> dict[str, str]:
    """Return the side of each of some groups."""
    items = Item.objects.filter(project=project, group_key__in=set(keys))
    return dict(items.values_list("group_key", "split"))


def _name_apart(
    project: Project,
    sketched: Iterable[tuple[Item, Sketch, GroupPlace]],
    meetings: Mapping[int, Meeting],
    tally: SketchTally,
) -> None:
    """Count and name the items that are on another side than what they are like."""
    keys = {
        key for meeting in meetings.values() for key in (meeting.own, meeting.other)
    }
    sides = _splits(project, keys)
    for place, (item, _, _) in enumerate(sketched):
        meeting = meetings.get(place)
        if meeting is None:
            continue
        own, other = sides.get(meeting.own), sides.get(meeting.other)
        if own and other and own != other:
            key = meeting.own if own == EVALUATION else meeting.other
            _hold_out(project, key, meeting.number)
            tally.apart += 1
            if len(tally.names) < NAMED:
                tally.names.append(item.external_id)


def _hold_out(project: Project, group_key: str, number: int | None) -> None:
    """Let what comes later and has the content of both be held out."""
    # Of one content there is one sketch, which says one side.
    if number is not None:
        Likeness.objects.filter(project=project, number=number).update(
            group_key=group_key, split=EVALUATION
        )
