"""A version made once more from its snapshot, and compared bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from activelearn.core import artifact, training
from activelearn.core.features import Rows, Spec
from activelearn.core.joined import stacked
from activelearn.models import ModelVersion
from activelearn.services.features import payloads
from activelearn.services.labels import calibrations, crossfits, snapshots
from activelearn.services.training import experiments
from activelearn.services.versions import fitting, loading, strengths
from labeling.errors import ConflictError
from labeling.messages import Message, message
from labeling.models import Item

CHUNK: Final = 5000


@dataclass(frozen=True)
class Reproduction:
    """How a version came out once more.

    sha256: of the file that was made now. change: the largest difference of a
    probability on the items it learned from, in [0, 1]; None where the labels differ.
    differences: what is known to differ, in words; it explains the bytes, or warns.
    """

    version: ModelVersion
    sha256: str
    change: float | None
    differences: list[Message]

    @property
    def is_same(self) -> bool:
        """Whether it is the same, bit for bit."""
        return self.sha256 == self.version.sha256


def reproduce(version: ModelVersion) -> Reproduction:
    """Fit a version's snapshot once more with its own features, and compare.

    Raises ConflictError where the items it learned from are gone or have changed, and
    what ``loading.load``, ``snapshots.content_of``, ``calibrations.read`` and
    ``crossfits.read`` raise.
    """
    # As it is in its file: today's words for its labels play no part.
    loaded, spec = loading.load(version)
    before = loaded.model
    content = snapshots.content_of(version.snapshot)
    rows = _rows(content, spec)
    terms = fitting.terms_of(version, is_multi=before.is_multi)
    now = fitting.fitted(content, rows, terms)
    if version.calibrated_on:
        now = _calibrated(version, now, spec)
    data = artifact.dump(now, spec)
    change = None
    # Of other labels the columns of probabilities stand for other things.
    if now.labels == before.labels:
        gaps = np.abs(now.probabilities(rows) - before.probabilities(rows))
        change = float(gaps.max(initial=0.0))
    return Reproduction(
        version, artifact.digest(data), change, list(_differences(version, content))
    )


def _calibrated(
    version: ModelVersion, model: training.LinearModel, spec: Spec
) -> training.LinearModel:
    material = calibrations.read(version)
    crossed = crossfits.read(version)
    rows = _rows(snapshots.Content(material.labels, {}), spec)
    return calibrations.with_calibration(model, rows, material, crossed)[0]


def _rows(content: snapshots.Content, spec: Spec) -> Rows:
    """Return the rows of a snapshot's items, computed from the items themselves."""
    wanted, parts, changed = list(content.labels), [], 0
    for start in range(0, len(wanted), CHUNK):
        ids = wanted[start : start + CHUNK]
        items = list(
            # By id, as the snapshot is: a fit depends on the order of its rows.
            Item.objects.select_related("media").filter(pk__in=ids).order_by("pk")
        )
        if len(items) < len(ids):
            raise ConflictError(
                message(
                    "%(gone)s of the %(items)s items it learned from have been deleted.",
                    gone=len(wanted) - Item.objects.filter(pk__in=wanted).count(),
                    items=len(wanted),
                )
            )
        changed += sum(
            content.contents.get(item.pk, item.content_hash) != item.content_hash
            for item in items
        )
        parts.append(payloads.rows_of(items, spec))
    if changed:
        raise ConflictError(
            message(
                "The content of %(changed)s of the %(items)s items it learned from is another now.",
                changed=changed,
                items=len(wanted),
            )
        )
    return stacked(parts)


def _differences(
    version: ModelVersion, content: snapshots.Content
) -> Iterator[Message]:
    """Say what is otherwise than when the version was made."""
    recorded: dict[str, Any] | None = version.run.experiment
    if not content.contents:
        yield message("Its snapshot is of an earlier release: it names no contents.")
    now = _flat(
        experiments.parts_of(
            version.project,
            version.snapshot.sha256,
            version.spec_hash,
            version.calibrated_on,
            strengths.of_version(version),
        )
    )
    if recorded is None:
        yield message("Its run did not record what it was made with.")
        recorded = {"environment": version.environment}
    for part, before in sorted(_flat(recorded).items()):
        # No byte of the model depends on which run came before it.
        after = before if part == experiments.MENDED else now.get(part)
        if before != after:
            yield message(
                "%(part)s: %(before)s then, %(after)s now",
                part=part,
                before=str(before),
                after=str(after),
            )


def _flat(parts: dict[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in parts.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{name} ")
        else:
            flat[f"{above}{name}"] = value
    return flat
