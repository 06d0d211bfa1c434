"""Credentials at rest: encrypted by a key that is made from SECRET_KEY.

AES-256-GCM; each seal has a key of its own, derived by HKDF (RFC 5869) with a random salt.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.conf import settings

from labeling.errors import ConflictError
from labeling.messages import message

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PURPOSE: Final = b"assay: credentials of sources"
# Bytes of the parts that stand before the encrypted text.
_SALT: Final = 16
_NONCE: Final = 12


class SealError(ConflictError):
    """Credentials that cannot be read any more."""


def seal(values: Mapping[str, str], owner: str) -> str:
    """Return values encrypted; only for the same ``owner`` can they be read again."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    cipher = _cipher(settings.SECRET_KEY, salt)
    hidden = cipher.encrypt(nonce, json.dumps(dict(values)).encode(), owner.encode())
    return base64.b64encode(salt + nonce + hidden).decode()


def opened(sealed: str, owner: str) -> dict[str, str]:
    """Return the values that were sealed for ``owner``.

    Raises SealError where the key is another one now.
    """
    from cryptography.exceptions import InvalidTag  # as in ``_cipher``

    # The fallbacks are Django's own way to change the key without losing what it signed.
    for secret in map(str, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]):
        try:
            parts = base64.b64decode(sealed, validate=True)
            salt, rest = parts[:_SALT], parts[_SALT:]
            cipher = _cipher(secret, salt)
            shown = cipher.decrypt(rest[:_NONCE], rest[_NONCE:], owner.encode())
        except (ValueError, InvalidTag):
            continue
        values: dict[str, str] = json.loads(shown)
        return values
    raise SealError(
        message(
            "The credentials of this source cannot be read: SECRET_KEY is another one than when they were entered. Enter them again."
        )
    )


def _cipher(secret: str, salt: bytes) -> AESGCM:
    # Imported here: every process would have the 7 MB of the library, and few seal.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, salt, _PURPOSE).derive(secret.encode()))
