"""The labels that a file has, counted before anything is written."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.files.storage import default_storage

from labeling import queries, rules
from labeling.models import Upload
from labeling.services.transfer import names
from labeling.services.transfer.importing import own, readers, staging
from labeling.services.transfer.importing.choices import ImportChoices
from labeling.services.transfer.importing.raw import FileError, Raw
from labeling.services.transfer.rows import RowError, labels_of, role_of

# Rows that are looked through: a second or two.
COUNTED: Final = 50_000


@dataclass(frozen=True)
class LabelCounts:
    """How many rows have each label, as the file writes it.

    meant: the project's label that each one means, or "". is_whole: whether all rows
    were looked through.
    """

    rows: Mapping[str, int]
    meant: Mapping[str, str]
    is_whole: bool

    @property
    def unknown(self) -> list[str]:
        """Those that are no labels of the project, the most frequent ones first."""
        return [name for name in self.rows if not self.meant[name]]

    def missing(self, choices: ImportChoices) -> list[str]:
        """Return the labels that the project lacks, for what is chosen."""
        mapped = choices.label_map
        targets = [name for name in mapped.values() if name]
        return [
            *dict.fromkeys([*targets, *(n for n in self.unknown if n not in mapped)])
        ]


def labels_in(
    upload: Upload, mapping: Mapping[str, str], most: int = COUNTED
) -> LabelCounts:
    """Return the labels of the first rows of a file."""
    project = upload.project
    counted: Counter[str] = Counter()
    with default_storage.open(upload.path) as file:
        raws = readers.read(staging.reading_of(upload), file)
        is_whole = _count(
            itertools.islice(raws, most + 1), upload, mapping, counted, most
        )
    labels = queries.label_names(project.label_set_id)
    known = names.folded(labels)
    meant: dict[str, str] = {}
    for name in counted:
        parts = names.meant(name, known, may_be_several=project.is_multi)
        is_known = name in labels or labels.issuperset(parts)
        meant[name] = ", ".join(parts if name not in labels else [name]) * is_known
    return LabelCounts(dict(counted.most_common()), meant, is_whole)


def _count(
    raws: Iterable[Raw],
    upload: Upload,
    mapping: Mapping[str, str],
    counted: Counter[str],
    most: int,
) -> bool:
    """Count the labels of rows; return whether all rows are counted."""
    kind = upload.project.data_type
    try:
        for number, raw in enumerate(raws):
            if number == most:
                return False
            if raw.values and not own.is_own(raw.values, mapping):
                counted.update(_labels(raw.values, mapping, kind))
    except FileError:
        # The import says where and why; what comes before is counted.
        return False
    return True


def _labels(
    values: Mapping[str, Any], mapping: Mapping[str, str], kind: str
) -> set[str]:
    for column, value in values.items():
        if mapping.get(column) == "data":
            continue
        if role_of(column, mapping, kind, values) == "label":
            return _countable(value)
    return set()


def _countable(value: object) -> set[str]:
    """Return the labels of a row; none where it is going to be refused for them."""
    try:
        labels = labels_of(value) or []
    except RowError:
        return set()
    # A number that is too long is kept as a text.
    is_kept = rules.storable(value) in (None, rules.TOO_LARGE)
    return {*labels} if is_kept and not rules.storable(labels) else set()
