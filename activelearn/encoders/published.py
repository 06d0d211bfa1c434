"""The files of encoders, each read only where it is as it was published."""

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
# What an act gets beside it, by name: the SHA-256 of each, as published with
# sentence-transformers/all-MiniLM-L6-v2, revision 1110a243.
OFFERED: Final = {
    "minilm-l6": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
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
    return bytes_of(folder / f"{name}.npz", name, sha256)


def bytes_of(path: Path, name: str, sha256: str) -> bytes:
    """Return the content of a file.

    Raises WrongEncoderError, with the name, where it is gone or has another hash.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongEncoderError(f"{name}: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WrongEncoderError(f"{name}: its bytes are not {sha256[:12]}")
    return data
