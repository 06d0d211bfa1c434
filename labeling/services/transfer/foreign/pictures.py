"""Pictures into an archive, each under a name of its own."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from labeling.services.transfer.foreign.shape import Record

FOLDER: Final = "images"
_SAME: Final = {"jpeg": "jpg", "jfif": "jpg", "jpe": "jpg"}


def written(
    records: Iterable[Record], archive: zipfile.ZipFile
) -> Iterator[tuple[Record, str]]:
    """Write the picture of each record; return it with the name that it has there."""
    taken: set[str] = set()
    for record in records:
        if record.picture is None:
            continue
        data, ending = record.picture()
        name = _name(str(record.data.get("image") or record.external_id), ending)
        number = 1
        while name.casefold() in taken:
            number += 1
            path = PurePosixPath(name)
            name = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        taken.add(name.casefold())
        archive.writestr(f"{FOLDER}/{name}", data)
        yield record, name


def _name(path: str, ending: str) -> str:
    """Return a path below the folder, whose ending says what the picture is."""
    parts = path.replace("\\", "/").split("/")
    kept = "/".join(part for part in parts if part not in ("", ".", "..")) or "picture"
    suffix = PurePosixPath(kept).suffix.lower().removeprefix(".")
    return kept if _SAME.get(suffix, suffix) == ending else f"{kept}.{ending}"
