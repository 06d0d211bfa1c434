"""What others predict of a version's own labels: as it was kept, or made again."""

from __future__ import annotations

import logging

from activelearn.core import artifact, crossfit
from activelearn.core.crossfit import CrossFit
from activelearn.core.features import Table
from activelearn.models import ModelVersion
from activelearn.services.features import files
from activelearn.services.labels import crossfits, snapshots
from activelearn.services.versions import fitting, loading
from labeling.errors import ConflictError, DamagedFileError

logger = logging.getLogger(__name__)


def crossed_of(version: ModelVersion, table: Table) -> CrossFit | None:
    """Return what was kept with a version, in its own labels; None where nothing was.

    A file that is damaged or gone is made again from the snapshot: the same, or, on
    another machine or after items have been deleted, as good. None where the
    snapshot is lost, too. table: by the version's features.

    Raises NotFoundError where the project has been deleted.
    """
    try:
        return crossfits.read(version)
    except DamagedFileError as lost:
        try:
            made = _again(version, table)
        except ConflictError as why:
            logger.warning("%s %s", lost, why)
            return None
    data = crossfit.dump(made)
    # Kept under the name that the version knows, and no other.
    if artifact.digest(data) == version.crossfit:
        files.save("crossfits", data)
    logger.warning("what others say of the labels of %s has been made again", version)
    return made


def _again(version: ModelVersion, table: Table) -> CrossFit:
    content = snapshots.content_of(version.snapshot)
    loaded, _spec = loading.load(version)
    left = content.of(table.covered(content.labels))
    rows = table.rows_of(list(left.labels))
    # As it is in its file: today's words for its labels play no part.
    terms = fitting.terms_of(version, is_multi=loaded.model.is_multi)
    return fitting.crossed(loaded.model, left, rows, terms, lambda: None)
