"""What is predicted of the labels of a snapshot without having learned from them: kept."""

from __future__ import annotations

from activelearn.core import crossfit
from activelearn.core.crossfit import CrossFit
from activelearn.models import ModelVersion
from activelearn.services.features import files
from labeling.messages import message


def keep(crossed: CrossFit | None) -> str:
    """Write it to its file and return its name; empty where there is none."""
    return files.save("crossfits", crossfit.dump(crossed)) if crossed else ""


def read(version: ModelVersion) -> CrossFit | None:
    """Return what was kept with a version, in its own labels; None where nothing was.

    Raises DamagedFileError where the file is damaged or gone.
    """
    if not version.crossfit:
        return None
    why = message(
        "What version %(number)s was to say of its own labels is damaged or gone.",
        number=version.number,
    )
    return crossfit.load(files.read_whole("crossfits", version.crossfit, why))
