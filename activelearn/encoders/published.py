"""The files of encoders that travel along, each read only where it is as it was made."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
# What this program brings, by name: the SHA-256 of each.
KNOWN: Final = {
    "efficientnet-lite0": "30781a4d21033f444dc32ac52cd492534dbb0230b168670abdc5ad56e2bbbbf1",
    "minilm-256": "80417ce7e3607163573b935fe76e09e021478b8955207d43e8ed4dd0217a20fa",
}


class WrongEncoderError(ValueError):
    """An encoder that this program does not bring, or not as it was published."""


def content(name: str, sha256: str, folder: Path = FOLDER) -> bytes:
    """Return the content of the file of an encoder.

    Raises WrongEncoderError where this program brings none of that name and hash, or its
    file is damaged or gone.
    """
    if KNOWN.get(name) != sha256:
        raise WrongEncoderError(f"{name} {sha256[:12]}")
    try:
        data = (folder / f"{name}.npz").read_bytes()
    except OSError as error:
        raise WrongEncoderError(f"{name}: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WrongEncoderError(f"{name}: its bytes are not {sha256[:12]}")
    return data
