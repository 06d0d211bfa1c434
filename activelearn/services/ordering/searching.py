"""Finding more items that may have a label: what is like its examples goes first."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import gettext_noop as noop

from activelearn.core import features as core
from activelearn.core import nearest
from activelearn.core.dense import DenseRows
from activelearn.core.joined import JoinedRows, stacked
from activelearn.models import SentBatch
from activelearn.services.features import payloads, store, telling
from activelearn.services.features.item_ids import ids_of
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


def request(
    project: Project,
    label: str,
    text: str,
    user: User | None,
    *,
    or_described: bool = False,
) -> Job:
    """Request a search for items like those that have a label, or like a description.

    One for the same that waits or runs will do. or_described: whether it goes by when the
    label fits, as people are told, where no item of a project of texts has it yet. Raises
    InvalidInputError for a label that is not of the project, where there is nothing to be
    like, and for a description of what is no text.
    """
    names = Label.objects.filter(label_set=project.label_set_pk)
    check_one_of("label", label, names.values_list("name", flat=True))
    check_text("text", text, LONGEST)
    if text and project.data_type != Project.DataType.TEXT:
        why = sentence("Only texts are found by a description.")
        raise InvalidInputError(errors={"text": [why]})
    if not text and not _examples(project, label).exists():
        text = _when_it_fits(project, label) if or_described else ""
        if not text:
            why = sentence(
                "No item of the pool has this label yet: label or describe one."
            )
            raise InvalidInputError(errors={"label": [why]})
    params = {"label": label, "text": text}
    return _at_work(project, params) or jobs.enqueue(
        "learn.search", project=project, params=params, user=user
    )


def _when_it_fits(project: Project, label: str) -> str:
    """Return what people are told of a label of texts; else nothing."""
    if project.data_type != Project.DataType.TEXT:
        return ""
    labels = Label.objects.filter(label_set=project.label_set_pk, name=label)
    return "".join(labels.values_list("description", flat=True))[:LONGEST]


def _at_work(project: Project, params: dict[str, str]) -> Job | None:
    """Return a search for the same that waits or runs, and goes on."""
    return Job.objects.filter(
        project=project,
        kind="learn.search",
        params__contains=params,
        finished_at=None,
        cancel_requested=False,
    ).first()


def run(progress: Progress) -> dict[str, Any]:
    """Look for the items, keep them with the job, and ask for an order that has them.

    Raises what ``Progress.report`` and ``store.load`` raise.
    """
    job = progress.job
    if job.project is None:
        return {}
    progress.report(stage=noop("features"))
    # Once: the description has to become numbers as the items have.
    spec = store.renewed_spec_of(job.project)
    table = store.load(job.project, spec, progress.step)
    progress.report(stage=noop("comparison"))
    label, text = job.params["label"], job.params["text"]
    examples = _rows_like(job.project, table, spec, label, text)
    if examples is None:
        return {"items": 0}
    wanting = Item.objects.filter(project=job.project, votes=0).wanting_votes()
    pool = table.with_rows(ids_of(wanting.pool()))
    places = np.searchsorted(table.ids, pool)
    # Where an encoder tells which items are alike, its columns alone are compared.
    is_told = isinstance(examples, JoinedRows)
    rows = DenseRows(table.rows) if is_told else table.rows
    near = table.ids[nearest.in_turn(rows, places, examples, ITEMS)]
    with transaction.atomic():
        kept = {"label": label, "text": text, "items": near.tolist()}
        Job.objects.filter(pk=job.pk).update(params=kept)
        requests.request_order(job.project.pk)
        # Last, for it locks the job's row: a worker that lost the job keeps nothing.
        progress.report(stage=noop("done"))
    return {"items": len(near)}


def searched_items(project: Project) -> list[int]:
    """Return the items that people have sent, and of the latest searches, the newest first.

    Of several for the same the newest alone, and none for a label that is gone.
    """
    labels = Label.objects.filter(label_set=project.label_set_pk)
    searches = (
        Job.objects.filter(
            project=project, kind="learn.search", params__has_key="items"
        )
        .annotate(label=KT("params__label"), text=KT("params__text"))
        .filter(label__in=labels.values("name"))
    )
    newest = searches.values("label", "text").annotate(newest=Max("pk"))
    latest = newest.order_by("-newest").values("newest")[:IN_FORCE]
    kept = Job.objects.filter(pk__in=latest).order_by("-pk")
    sent = SentBatch.objects.filter(project=project)[:IN_FORCE]
    batches = [
        *sent.values_list("items", flat=True),
        *kept.values_list("params__items", flat=True),
    ]
    return [pk for items in batches for pk in items]


def _examples(project: Project, label: str) -> QuerySet[Resolution]:
    """Return the labels of items of the pool that are this one, the newest first."""
    # Held-out items are no examples: what they are must reach nobody.
    return (
        Resolution.objects.filter(
            project=project,
            superseded_at=None,
            is_ambiguous=False,
            item__split=Item.Split.POOL,
            labels__contains=[label],
        )
        # What the model has guessed finds what it guesses anyway.
        .exclude(source=Resolution.Source.AUTO)
        .order_by("-pk")
    )


def _rows_like(
    project: Project, table: core.Table, spec: core.Spec, label: str, text: str
) -> core.Rows | None:
    """Return the rows of the examples and of the description; None without any.

    spec: that of the table.
    """
    newest = _examples(project, label).values_list("item_id", flat=True)[:EXAMPLES]
    known = table.covered(newest)
    parts = [table.rows_of(known)] if known else []
    # Of vectors that came with the items a description has none.
    if text and spec.get("encoder", {}).get("name") != telling.VECTORS:
        parts.append(payloads.rows_of_text(text, spec))
    return stacked(parts) if parts else None
