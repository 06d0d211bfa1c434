"""COCO: categories of whole images (its annotations without a box), with the pictures."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
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
# Its parts refer to each other, so that it is in memory as a whole.
MOST_BYTES: Final = 2**27
_PARTS: Final = ("info", "licenses", "images", "annotations", "categories")
_START: Final = re.compile(rf'\s*{{\s*"(?:{"|".join(_PARTS)})"\s*:\s*[\[{{]')


def begins(text: str) -> bool:
    """Whether a text begins as a file of COCO does."""
    return bool(_START.match(text)) and bool(
        re.search(r'"(?:images|annotations|categories)"\s*:\s*\[', text)
    )


def rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Return the rows of its images. Raises RowError where it cannot be read."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 2**20
        raise RowError(message("The file has more than %(most)s MiB.", most=most))
    try:
        whole = json.loads(data)
        names = {each["id"]: str(each["name"]) for each in whole["categories"]}
        of_image: dict[object, dict[str, None]] = {}
        for each in whole.get("annotations") or []:
            some = of_image.setdefault(each["image_id"], {})
            some[names[each["category_id"]]] = None
        images = [(each, of_image.get(each["id"])) for each in whole["images"]]
        yield from (_row(image, labels) for image, labels in images)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise RowError(_NO_COCO) from error


def _row(image: Mapping[str, Any], labels: Iterable[str] | None) -> dict[str, Any]:
    known = image.get(shape.OURS)
    more = known if isinstance(known, dict) else {}
    return {
        "image": str(image["file_name"]),
        "external_id": str(more.get("external_id", image["file_name"]))[-200:],
        # That it has no annotation is no answer.
        "label": [*labels] if labels else None,
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
