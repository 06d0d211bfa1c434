"""Tables of vectors that the operator has taken from a folder, by ``assay encoder take``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from django.conf import settings
from threadpoolctl import threadpool_limits

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.encoders import folders
from activelearn.encoders.folders import FolderTable, TableFacts
from activelearn.services.features import files
from activelearn.services.features.costs import Costs

# What names one of them, by the hash of its file.
FOLDER: Final = "folder"
# The kind of file: named by its hash, and never forgotten.
KIND: Final = "encoders"
# How often a short text is read to measure how many a processor reads in a second.
_TRIED: Final = 2000
_SHORT: Final = "Please tell me when my new card will arrive, I ordered it last week."


def take(made: FolderTable) -> str:
    """Keep a table, with its speed as measured now; return the hash of its file."""
    begun = time.perf_counter()
    with threadpool_limits(limits=1):
        made.encoded([_SHORT] * _TRIED)
    pace = round(_TRIED / (time.perf_counter() - begun))
    # Two digits: the rest is chance.
    made.facts = replace(made.facts, per_second=int(float(f"{pace:.2g}")))
    return files.save(KIND, made.packed())


def kept() -> dict[str, TableFacts]:
    """Return what is said of each table that is there, by the hash of its file."""
    pairs = ((path.name, folders.facts_of(path)) for path in sorted(_files()))
    return {sha256: facts for sha256, facts in pairs if facts is not None}


def given_of(called: str) -> core.Spec | None:
    """Return what names a table; None where none of that name has been taken."""
    for sha256, facts in kept().items():
        if facts.called == called:
            return {"name": FOLDER, "sha256": sha256, "called": called}
    return None


def is_there(given: core.Spec) -> bool:
    """Whether the file of a table is there; its content is looked at when it is read."""
    return files.path_of(KIND, given["sha256"]).is_file()


def costs_of(called: str) -> Costs:
    """Return what a table takes."""
    for sha256, facts in kept().items():
        if facts.called == called:
            size = files.path_of(KIND, sha256).stat().st_size
            return Costs(round(size / 1e6, 1), facts.per_second, facts.license)
    return Costs(0, 0)


def vectors_of(texts: Sequence[str], given: core.Spec) -> brought.BroughtVectors:
    """Return (n_texts, d) of what a table says of texts.

    Raises WrongEncoderError where its file is gone or damaged.
    """
    sha256 = given["sha256"]
    with threadpool_limits(limits=1):
        return folders.table(files.path_of(KIND, sha256), sha256).encoded(texts)


def _files() -> Iterator[Path]:
    return (Path(settings.LEARN_ROOT) / KIND).glob("*/*")
