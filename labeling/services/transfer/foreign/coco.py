"""COCO: categories of whole images (its annotations without a box), with the pictures."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Final

from labeling.messages import message
from labeling.services.transfer.foreign import pictures, shape
from labeling.services.transfer.foreign.shape import Outgoing, Record, Target
from labeling.services.transfer.rows import RowError

TITLE: Final = "COCO"
LOST: Final = message(
    "boxes, masks, key points, captions, licenses; an image has each category of its"
    " annotations once"
)
_NO_COCO: Final = message("This is no COCO file that can be read.")
# Which category an image has is in memory as a whole.
MOST_BYTES: Final = 2**27
# Reads a file from its start: the name of each list with what it holds, one by one.
ReadEntries = Callable[[IO[bytes]], Iterator[tuple[str, object]]]
_PARTS: Final = ("info", "licenses", "images", "annotations", "categories")
_START: Final = re.compile(rf'\s*{{\s*"(?:{"|".join(_PARTS)})"\s*:\s*[\[{{]')


def begins(text: str) -> bool:
    """Whether a text begins as a file of COCO does."""
    return bool(_START.match(text)) and bool(
        re.search(r'"(?:images|annotations|categories)"\s*:\s*\[', text)
    )


def rows(file: IO[bytes], entries: ReadEntries) -> Iterator[dict[str, Any]]:
    """Return the rows of its images; ``entries`` reads what its lists hold.

    Raises RowError where it cannot be read, and what ``entries`` does.
    """
    if file.seek(0, 2) > MOST_BYTES:
        most = MOST_BYTES // 2**20
        raise RowError(message("The file has more than %(most)s MiB.", most=most))
    try:
        # Its parts refer to each other and may stand in any order: it is read twice.
        of_image = _labels_of_images(entries(file))
        for part, entry in entries(file):
            if part == "images":
                yield _row(entry, of_image)
    except (ValueError, LookupError, TypeError) as error:
        raise RowError(_NO_COCO) from error


def _labels_of_images(
    entries: Iterator[tuple[str, Any]],
) -> Callable[[object], list[str]]:
    """Return what tells the labels of an image by its id.

    Raises LookupError or TypeError where an entry is none of COCO's.
    """
    names: dict[object, str] = {}
    numbers: dict[object, dict[object, None]] = {}
    for part, entry in entries:
        if part == "categories":
            names[entry["id"]] = str(entry["name"])
        elif part == "annotations":
            of_image = numbers.setdefault(entry["image_id"], {})
            of_image[entry["category_id"]] = None
    # Two categories may have one name.
    return lambda image: [*dict.fromkeys(names[n] for n in numbers.get(image, ()))]


def _row(image: Any, labels_of: Callable[[object], list[str]]) -> dict[str, Any]:
    labels = labels_of(image["id"])
    known = image.get(shape.OURS)
    more = known if isinstance(known, dict) else {}
    return {
        "image": str(image["file_name"]),
        "external_id": str(more.get("external_id", image["file_name"]))[-200:],
        # That it has no annotation is no answer.
        "label": labels or None,
        "tags": more.get("tags", []),
        "metadata": more.get("metadata", {}),
        "predictions": more.get("predictions", []),
    }


def _write(records: Iterable[Record], target: Target, file: IO[bytes]) -> None:
    numbers = {label: number for number, label in enumerate(target.labels, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w") as archive:
        for number, (record, name) in enumerate(
            pictures.written(records, archive), start=1
        ):
            of_ours = {
                "external_id": record.external_id,
                "tags": record.tags,
                "metadata": record.metadata,
                "predictions": record.predicted,
            }
            images.append({"id": number, "file_name": name, shape.OURS: of_ours})
            annotations += [
                {
                    "id": len(annotations) + place,
                    "image_id": number,
                    "category_id": numbers[label],
                }
                for place, label in enumerate(record.labels, start=1)
                if label in numbers
            ]
        whole = {
            "info": {"description": "image categories"},
            "categories": [{"id": n, "name": label} for label, n in numbers.items()],
            "images": images,
            "annotations": annotations,
        }
        archive.writestr("labels.json", json.dumps(whole, ensure_ascii=False))


OUT: Final = Outgoing(
    "COCO (image categories, with pictures)",
    "zip",
    "application/zip",
    shape.PICTURES,
    message(
        "all fields but the picture, votes, the split, states, where labels come from;"
        " pictures as they are shown here"
    ),
    _write,
)
