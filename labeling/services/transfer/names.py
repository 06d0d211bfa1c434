"""Names of columns and labels as people write them, and which of ours they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

# What stands between several labels in one cell, beside ";" and a JSON list.
BETWEEN: Final = (",", "|", "#")


def fold(name: str) -> str:
    """Return the name of a column as it is compared: without case, spaces and forms."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return re.sub(r"[\s_-]+", "_", plain)


def fold_label(name: str) -> str:
    """Return a label as it is compared; 1.0 is the whole number 1."""
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return re.sub(r"^([-+]?\d+)\.0+$", r"\1", plain)


def folded(labels: Collection[str]) -> Mapping[str, str]:
    """Return the label that each folded name means, where it means only one."""
    known: dict[str, list[str]] = {}
    for label in labels:
        known.setdefault(fold_label(label), []).append(label)
    return {name: some[0] for name, some in known.items() if len(some) == 1}


def meant(name: str, known: Mapping[str, str], *, may_be_several: bool) -> list[str]:
    """Return the labels that a name which is none of them means, or the name itself.

    ``known``: as ``folded`` returns them.
    """
    if label := known.get(fold_label(name)):
        return [label]
    for separator in BETWEEN if may_be_several else ():
        parts = [part for part in name.split(separator) if part.strip()]
        labels = [known.get(fold_label(part)) for part in parts]
        if len(parts) > 1 and all(labels):
            return [label for label in labels if label]
    return [name]
