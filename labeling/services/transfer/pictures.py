"""Pictures as they are shown: whole, or small for lists."""

from __future__ import annotations

import io
import threading
from contextlib import nullcontext
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef
from PIL import Image

from labeling.errors import check_one_of
from labeling.models import Item, Job, Media
from labeling.services.work.transactions import Turn, await_turn

# Pixels of the longer side: in a list, and on a page of its own.
SIZES: Final = (256, 1024)
OURS: Final = ("PNG", "JPEG")
# The kinds of job that bring pictures.
BRINGING: Final = ("import", "list-source")
MIME: Final = "image/webp"
# A decoded picture has four bytes for each pixel, and making it small takes as much
# again: of large ones a process makes one small at a time.
LARGE: Final = 2_000_000  # pixels
_of_large: Final = threading.Lock()


def read(media: Media, size: str = "") -> tuple[bytes, str]:
    """Return a picture and its type; with a size, small and kept for the next time.

    Raises InvalidInputError where no small picture has that size.
    """
    if not size:
        return _content(media.path), media.mime
    check_one_of("size", size, map(str, SIZES))
    most = int(size)
    if max(media.width, media.height) <= most:
        return _content(media.path), media.mime
    path = _small_path(media, most)
    if kept := _kept(path):
        return kept, MIME
    is_large = media.width * media.height > LARGE
    with _of_large if is_large else nullcontext():
        # Who had to wait finds what was made meanwhile.
        return _kept(path) or _made(media, most, path), MIME


def _kept(path: str) -> bytes:
    """Return a small picture that is there; of one that is cut off, nothing."""
    if not default_storage.exists(path):
        return b""
    # Another process may be writing it just now; what is cut off is made anew.
    if _is_whole(kept := _content(path)):
        return kept
    default_storage.delete(path)
    return b""


def _made(media: Media, most: int, path: str) -> bytes:
    made = _small(_content(media.path), most)
    # Another request may have kept it meanwhile; save() would then choose another name.
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(made))
    return made


def await_forgetting() -> None:
    """Wait until nobody deletes pictures; an import calls it when it already runs."""
    with transaction.atomic():
        await_turn(Turn.PICTURES, is_shared=True)


def forget_unused() -> int:
    """Delete pictures that no item shows, unless an import runs; return how many.

    A running import may be about to show one; an import that begins now waits until
    this has ended.
    """
    with transaction.atomic():
        await_turn(Turn.PICTURES)
        bringing = Job.objects.filter(kind__in=BRINGING, state=Job.State.RUNNING)
        if bringing.exists():
            return 0
        shown = Item.objects.filter(media=OuterRef("pk"))
        unused = list(Media.objects.filter(~Exists(shown)))
        for media in unused:
            for path in (media.path, *(_small_path(media, size) for size in SIZES)):
                # Files before rows: a row that is left over is found again by the next
                # run.
                default_storage.delete(path)
        Media.objects.filter(pk__in=[media.pk for media in unused]).delete()
    return len(unused)


def _small_path(media: Media, size: int) -> str:
    return f"thumbnails/{size}/{media.sha256[:2]}/{media.sha256}.webp"


def _content(path: str) -> bytes:
    with default_storage.open(path) as file:
        return bytes(file.read())


def _is_whole(data: bytes) -> bool:
    """Whether a WebP file has the length that it names; one being written is shorter."""
    return data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 == len(data)


def _small(data: bytes, most: int) -> bytes:
    with Image.open(io.BytesIO(data), formats=OURS) as picture:
        picture.thumbnail((most, most), Image.Resampling.LANCZOS)
        body = io.BytesIO()
        picture.save(body, "WEBP", quality=80)
    return body.getvalue()
