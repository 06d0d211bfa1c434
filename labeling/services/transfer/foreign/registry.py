"""The formats of other tools, declared once: page, API, command and docs list them."""

from __future__ import annotations

from typing import Final

from labeling.services.transfer.foreign import (
    argilla,
    coco,
    cvat,
    doccano,
    hugging_face,
    label_studio,
    prodigy,
)
from labeling.services.transfer.foreign.shape import ForeignRows, Incoming, Outgoing

# Files of rows: each is asked in this order whether first rows are its own.
INCOMING: Final[dict[str, Incoming]] = {
    "label_studio": label_studio.TASKS,
    "label_studio_min": label_studio.LINES,
    "argilla": argilla.IN,
    "prodigy": prodigy.IN,
    "doccano": doccano.IN,
}
# Formats whose files are no rows, or say themselves what they are.
WHOLE: Final = {"cvat": cvat, "coco": coco, "huggingface": hugging_face}
OUTGOING: Final[dict[str, Outgoing]] = {
    "label_studio": label_studio.TASKS_OUT,
    "label_studio_min": label_studio.LINES_OUT,
    "doccano": doccano.LINES_OUT,
    "doccano_csv": doccano.CSV_OUT,
    "prodigy": prodigy.OUT,
    "argilla": argilla.OUT,
    "huggingface": hugging_face.PARQUET_OUT,
    "huggingface_folder": hugging_face.FOLDER_OUT,
    "cvat": cvat.OUT,
    "coco": coco.OUT,
}


def recognized(rows: ForeignRows) -> str:
    """Return the tool whose file begins with these rows, or ""."""
    if not rows:
        return ""
    return next((key for key, form in INCOMING.items() if form.recognizes(rows)), "")
