"""The vectors that an address makes for a project which has added it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.models import AddedEncoder
from activelearn.services.features import address
from activelearn.services.features.address import AddressError, EmbeddingsAddress
from labeling.errors import ConflictError
from labeling.messages import message
from labeling.services.transfer.sources import sealing


def sealed_for(row: AddedEncoder) -> str:
    """Return for whom the key of an address is sealed: it opens for no other row."""
    return f"encoder {row.project_id} {row.pk}"


def vectors_of(texts: Sequence[str], encoder: core.Spec) -> brought.BroughtVectors:
    """Return (n_texts, d) of what an address makes of texts.

    Raises ConflictError where it has been removed or makes other ones than before, and
    what ``address.vectors_of`` and ``sealing.opened`` raise.
    """
    row = AddedEncoder.objects.filter(pk=encoder["added"]).first()
    if row is None:
        raise ConflictError(
            message("The address that made the vectors has been removed.")
        )
    key = ""
    if row.sealed:
        key = sealing.opened(row.sealed, sealed_for(row))["key"]
    place = EmbeddingsAddress(encoder["url"], encoder["model"], key)
    vectors = address.vectors_of(place, texts)
    # Unknown until it has been frozen.
    wanted: int = encoder.get("dimensions") or vectors.shape[1]
    is_said = np.isfinite(vectors).all(axis=1)
    if not is_said.any():
        return np.full((len(texts), wanted), np.nan, dtype=np.float32)
    if vectors.shape[1] != wanted:
        raise AddressError(
            message(
                "“%(host)s” makes vectors of %(size)s numbers, before of %(wanted)s: remove the address and add it again.",
                host=place.host,
                size=vectors.shape[1],
                wanted=wanted,
            )
        )
    return vectors
