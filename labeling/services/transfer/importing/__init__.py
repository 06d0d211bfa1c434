"""Bring files in: keep the good rows, report each bad one, count duplicates."""

from __future__ import annotations

from labeling.services.transfer.importing.choices import (
    KNOWN_ANSWERS,
    LABELS_ARE,
    SAME_ID,
    UNKNOWN_LABELS,
    ImportChoices,
)
from labeling.services.transfer.importing.counting import LabelCounts, labels_in
from labeling.services.transfer.importing.reading import (
    ReadingChoice,
    choice_of,
)
from labeling.services.transfer.importing.refused import FORMATS as REFUSED_FORMATS
from labeling.services.transfer.importing.refused import formats_of, refused_file
from labeling.services.transfer.importing.run import (
    again,
    cancel,
    look,
    run,
    start,
)
from labeling.services.transfer.importing.staging import (
    Preview,
    choose,
    forget_files,
    forgotten_if_refused,
    preview,
    reading_of,
    stage,
)
from labeling.services.transfer.importing.words import in_words
from labeling.services.transfer.limits import LIMITS, Limits
from labeling.services.transfer.rows import RowError

__all__ = [
    "KNOWN_ANSWERS",
    "LABELS_ARE",
    "LIMITS",
    "REFUSED_FORMATS",
    "SAME_ID",
    "UNKNOWN_LABELS",
    "ImportChoices",
    "LabelCounts",
    "Limits",
    "Preview",
    "ReadingChoice",
    "RowError",
    "again",
    "cancel",
    "choice_of",
    "choose",
    "forget_files",
    "forgotten_if_refused",
    "formats_of",
    "in_words",
    "labels_in",
    "look",
    "preview",
    "reading_of",
    "refused_file",
    "run",
    "stage",
    "start",
]
