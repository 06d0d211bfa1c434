"""How large a file and its parts may be, and how much of it is taken at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Limits:
    """The bounds of one import. What is beyond them is refused row by row, with words.

    The size of a whole file is a setting of the machine: IMPORT_MAX_MB.
    """

    # Of a file: the bytes of one line, the files of a ZIP, and how many times smaller
    # than its content a packed file may be.
    line_bytes: int = 8 * 2**20
    zip_files: int = 100_000
    packing_ratio: int = 200
    # Up to this size, a list or a column of Parquet may unfold at any ratio.
    unpacked_bytes: int = 2**26
    # Of a table: its columns.
    columns: int = 20_000
    # Of a row: the characters of its text, and of all its JSON.
    text_characters: int = 1_000_000
    row_characters: int = 2**25
    # Of a picture: its file, the pixels that are kept, and those that may be made fewer,
    # by a process with this much address space and processor time (seconds).
    picture_bytes: int = 100 * 2**20
    picture_pixels: int = 20_000_000
    most_pixels: int = 100_000_000
    shrinking_bytes: int = 3 * 2**29
    shrinking_seconds: int = 30
    picture_side: int = 20_000
    # Of a chunk, which is written in one transaction: rows, or pictures, which take far
    # longer; it ends early where its JSON reaches this many characters.
    chunk_rows: int = 2000
    chunk_pictures: int = 200
    chunk_characters: int = 2**24
    # Seconds after which a job sends a heartbeat while it reads pictures.
    heartbeat_seconds: float = 5.0
    # Refused rows whose reasons are kept; the others are only counted.
    reasons: int = 1000


LIMITS: Final = Limits()
