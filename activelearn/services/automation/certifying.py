"""Certificates of what may be accepted, from labels that were drawn at random.

These are the held-out labels: no version learned from them, and where a version's
calibration did, each is predicted by a calibration of the others. Of each group of items
that are much alike one counts, for the others would tell the same again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Mod
from django.utils import timezone

from activelearn.core import dial
from activelearn.core.dial import CertifiedPart, PartTerms, SureLabels
from activelearn.core.intervals import Array, Bools
from activelearn.models import Certificate, ModelVersion
from activelearn.services.features import store
from activelearn.services.judging import evidence, leaking, sureness
from activelearn.services.labels import snapshots
from activelearn.services.predictions import deciding
from activelearn.services.versions import registry
from labeling.errors import ConflictError
from labeling.messages import sentence as _
from labeling.models import Item, Prediction, Project
from labeling.services.votes import automatic

# A larger pool is sampled: its tenths are known well enough.
MOST_POOL: Final = 100_000


@dataclass(frozen=True)
class Drawn:
    """What a certificate rests on; kept for every set of terms that is tried.

    predicted, right: of the drawn labels, of each group one. pool: what no person has
    labeled, or a sample of it. items: how many that are.
    """

    champion: ModelVersion
    label_set_id: int
    predicted: SureLabels
    right: Bools
    pool: SureLabels
    items: int
    labels_hash: str


def drawn(project: Project) -> Drawn:
    """Return what certificates of what serves now rest on.

    Raises ConflictError where no model serves, and what ``evidence.opened`` raises.
    """
    champion = registry.champion(project)
    if champion is None:
        raise ConflictError(_("No model serves yet: label more items."))
    table = store.load(project)
    witness = evidence.opened(champion, table)
    labels = snapshots.labels_now(project, Item.Split.EVALUATION)
    labels = {pk: labels[pk] for pk in witness.table.covered(labels)}
    learned = snapshots.items_of(champion.snapshot)
    # What is nearly the same as what it learned from would flatter it.
    truth = leaking.check(project, learned, list(labels)).kept(labels)
    # Of a group the first one, so that the labels are as good as independent.
    items = evidence.held(_of_each_group(truth), {})
    predicted, right = _judged(witness, items)
    pool, count = _pool(project, champion)
    names = [[pk, list(names)] for pk, names in items.truth.items()]
    body = json.dumps([names, [list(each) for each in predicted.labels]])
    return Drawn(
        champion,
        project.label_set_pk,
        predicted,
        right,
        pool,
        count,
        hashlib.sha256(body.encode()).hexdigest(),
    )


def _of_each_group(truth: snapshots.LabelsOf) -> snapshots.LabelsOf:
    groups = Item.objects.filter(pk__in=truth).order_by("pk")
    first: dict[str, int] = {}
    for pk, group in groups.values_list("pk", "group_key"):
        first.setdefault(group, pk)
    return {pk: truth[pk] for pk in sorted(first.values())}


def _judged(witness: evidence.Opened, items: evidence.Held) -> tuple[SureLabels, Bools]:
    # A model predicts nothing of no rows.
    if not items.truth:
        return SureLabels([], np.zeros(0)), np.zeros(0, dtype=np.bool_)
    predicted = sureness.on_held_out(witness, items)
    return predicted, np.asarray(items.judged(predicted.labels).hits, dtype=np.bool_)


def predicted_unlabeled(
    project: Project, champion: ModelVersion
) -> QuerySet[Prediction]:
    """Return what a version predicts of the items that no person has labeled.

    With those that were accepted before: what is promised is of all that is accepted.
    """
    accepted = automatic.accepted(project).filter(item=OuterRef("item"))
    is_open = Q(item__state=Item.State.OPEN, item__votes=0)
    return Prediction.objects.filter(
        is_open | Q(Exists(accepted)), project=project, model_number=champion.number
    )


def _pool(project: Project, champion: ModelVersion) -> tuple[SureLabels, int]:
    rows = predicted_unlabeled(project, champion)
    count = rows.count()
    if count > MOST_POOL:
        # By the id, which says nothing of what an item is.
        step = -(-count // MOST_POOL)
        rows = rows.annotate(lot=Mod("item_id", step)).filter(lot=project.seed % step)
    some = list(rows.values_list("label", "labels", "confidence"))
    labels = [
        (label,) if several is None else tuple(several) for label, several, _ in some
    ]
    sure: Array = np.array([row[2] for row in some], dtype=np.float64)
    return SureLabels(labels, sure), count


def parts_of(
    rests_on: Drawn, terms: Collection[PartTerms], doubt: float
) -> list[CertifiedPart]:
    """Return what is certified under some terms; items of a part count in the whole pool."""
    parts = dial.certified_parts(
        rests_on.predicted, rests_on.right, rests_on.pool, terms, doubt
    )
    scale = rests_on.items / max(1, len(rests_on.pool.labels))
    return [replace(part, pool=round(part.pool * scale)) for part in parts]


def certificate(
    project: Project, rests_on: Drawn, parts: Sequence[CertifiedPart], doubt: float
) -> Certificate:
    """Return a certificate that is not yet saved."""
    others = next(part for part in parts if not part.label)
    return Certificate(
        project=project,
        model=rests_on.champion,
        label_set_id=rests_on.label_set_id,
        sha256=rests_on.champion.sha256,
        labels_hash=rests_on.labels_hash,
        labels=len(rests_on.predicted.labels),
        pool=rests_on.items,
        risk=others.risk,
        doubt=doubt,
        parts=msgspec.to_builtins(list(parts)),
        made_at=timezone.now(),
    )


def renewed(project: Project) -> Certificate:
    """Make and keep the certificate of what serves, under the terms of now.

    The same labels and terms make none anew. Raises what ``drawn`` raises.
    """
    rests_on = drawn(project)
    doubt = deciding.doubt_of(project)
    new = certificate(
        project, rests_on, parts_of(rests_on, deciding.terms_of(project), doubt), doubt
    )
    last = deciding.in_force(project, rests_on.champion)
    # Another look at the same labels is another chance to be wrong.
    if last and last.labels_hash == new.labels_hash:
        return last
    new.save()
    return new
