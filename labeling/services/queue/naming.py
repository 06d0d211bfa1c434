"""What an item is called for those who answer it: nothing that tells its label."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any, Final

from labeling import queries
from labeling.models import Item, Membership

_WORD: Final = re.compile(r"[^\W\d_]{2}")
# Letters or digits that stand together; digits after letters are another word.
_WORDS: Final = re.compile(r"[^\W\d_]+|\d+")
# Texts of a ZIP are named by their files, whose picture we have not.
_FILE: Final = re.compile(r"\.te?xt$", re.IGNORECASE)
# Those who bring the files know their names.
_KNOW_FILES: Final = frozenset({Membership.Role.ENGINEER, Membership.Role.MANAGER})


def name_of(member: Membership, item: Item) -> str:
    """Return the item's own name, or a neutral one where its name may tell its label.

    A file's name always may: a folder of a class need not be called as its label is. Those
    who import and export have the items' own names everywhere.
    """
    return item.external_id if _may_see(member, item) else _neutral(item)


def data_of(member: Membership, item: Item) -> dict[str, Any]:
    """Return an item's data; the path of a picture is neutral like its name."""
    path = item.data.get("image")
    if item.media_id is None or not isinstance(path, str):
        return item.data
    if _may_see(member, item, path):
        return item.data
    return {**item.data, "image": _neutral(item) + PurePosixPath(path).suffix}


def knows_files(member: Membership) -> bool:
    """Whether a member may see the names of files, which may tell their labels."""
    return member.role in _KNOW_FILES


def _neutral(item: Item) -> str:
    return f"item-{item.pk}"


def _may_see(member: Membership, item: Item, path: str = "") -> bool:
    # As ``knows_files``; a call more would be made for each item of a lease.
    if member.role in _KNOW_FILES:
        return True
    names = [name for name in (item.external_id, path) if name]
    if item.media_id is not None or any(map(_FILE.search, names)):
        return False
    # Numbers and single letters, as most ids are, spell no label: nothing is read.
    if not any(map(_WORD.search, names)):
        return True
    labels = queries.label_names(member.project.label_set_id)
    return not any(tells_label(name, labels) for name in names)


def tells_label(name: str, labels: Collection[str]) -> bool:
    """Whether an item's name may tell its label.

    It does where it has the words of a label beside each other, also with an s behind
    them. A label of one character or number does not count, or each item with such a
    number would be suspect.
    """
    words = _spelled(name)
    return any(
        form in words
        for label in labels
        if any(map(str.isalnum, label)) and not (len(label) == 1 or label.isdecimal())
        for form in (_spelled(label), _spelled(f"{label}s"))
    )


def _spelled(text: str) -> str:
    """Return letters and numbers apart, each between marks that no text has."""
    return "\0" + "".join(f"{word}\0" for word in _WORDS.findall(text.casefold()))
