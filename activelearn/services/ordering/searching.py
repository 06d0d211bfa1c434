"""Finding more items that may have a label: what is like its examples goes first."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as noop

from activelearn.core import features as core
from activelearn.core import nearest
from activelearn.core.joined import stacked
from activelearn.services.features import store
from activelearn.services.versions import requests
from labeling.errors import InvalidInputError, check_one_of, check_text
from labeling.messages import sentence
from labeling.models import Item, Job, Label, Project, Resolution, User
from labeling.services.work import jobs
from labeling.services.work.progress import Progress

# Items that a search puts into the queue, and examples that it looks at.
ITEMS: Final = 50
EXAMPLES: Final = 50
LONGEST: Final = 500
# Searches whose items have places in an order, the latest ones.
IN_FORCE: Final = 5


def request(project: Project, label: str, text: str, user: User | None) -> Job:
    """Request a search for items like those that have a label, or like a description.

    Raises InvalidInputError for a label that is not of the project, where there is nothing
    to be like, and for a description of what is no text.
    """
    names = Label.objects.filter(label_set=project.label_set_pk)
    check_one_of("label", label, names.values_list("name", flat=True))
    check_text("text", text, LONGEST)
    if text and project.data_type != Project.DataType.TEXT:
        why = sentence("Only texts are found by a description.")
        raise InvalidInputError(errors={"text": [why]})
    if not text and not has_examples(project, label):
        why = sentence("No item of the pool has this label yet: label or describe one.")
        raise InvalidInputError(errors={"label": [why]})
    params = {"label": label, "text": text}
    return jobs.enqueue("learn.search", project=project, params=params, user=user)


def run(progress: Progress) -> dict[str, Any]:
    """Look for the items, keep them with the job, and ask for an order that has them.

    Raises what ``Progress.report`` and ``store.load`` raise.
    """
    job = progress.job
    if job.project is None:
        return {}
    progress.report(stage=noop("features"))
    table = store.load(job.project, step=progress.step)
    progress.report(stage=noop("comparison"))
    label, text = job.params["label"], job.params["text"]
    examples = _rows_like(job.project, table, label, text)
    if examples is None:
        return {"items": 0}
    wanting = Item.objects.filter(project=job.project, votes=0).wanting_votes()
    pool = table.covered(wanting.pool().order_by("pk").values_list("pk", flat=True))
    places = np.searchsorted(table.ids, np.array(pool, dtype=np.int64))
    near = table.ids[nearest.in_turn(table.rows, places, examples, ITEMS)]
    with transaction.atomic():
        kept = {"label": label, "text": text, "items": near.tolist()}
        Job.objects.filter(pk=job.pk).update(params=kept)
        requests.request_order(job.project.pk)
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    return {"items": len(near)}


def has_examples(project: Project, label: str) -> bool:
    """Whether an item of the pool has the label."""
    return _examples(project, label).exists()


def searched_items(project_id: int) -> list[int]:
    """Return the items of the latest searches, those of the newest first."""
    searches = Job.objects.filter(
        project=project_id, kind="learn.search", params__has_key="items"
    )
    latest = searches.order_by("-pk").values_list("params__items", flat=True)
    return [pk for items in latest[:IN_FORCE] for pk in items]


def _examples(project: Project, label: str) -> QuerySet[Resolution]:
    """Return the labels of items of the pool that are this one, the newest first."""
    # Held-out items are no examples: what they are must reach nobody.
    return Resolution.objects.filter(
        project=project,
        superseded_at=None,
        is_ambiguous=False,
        item__split=Item.Split.POOL,
        labels__contains=[label],
    ).order_by("-pk")


def _rows_like(
    project: Project, table: core.Table, label: str, text: str
) -> core.Rows | None:
    """Return the rows of the examples and of the description; None without any."""
    newest = _examples(project, label).values_list("item_id", flat=True)[:EXAMPLES]
    known = table.covered(newest)
    parts = [table.rows_of(known)] if known else []
    if text:
        spec = store.spec_of(project)
        parts.append(core.text_rows([text], spec))
    return stacked(parts) if parts else None
