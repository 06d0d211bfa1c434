"""Signatures of Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256, version v1."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
# Bytes of a secret: the specification asks for 24 to 64.
_SIZE: Final = 32


def new_secret() -> str:
    """Return a secret as receivers enter it: whsec_ and Base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SIZE)).decode()


def headers(
    message_id: str, seconds: int, body: bytes, keys: Sequence[str]
) -> dict[str, str]:
    """Return the headers of a message that is sent at ``seconds`` of the epoch.

    keys: the secrets in force; each signs, so that a receiver may know any of them.
    """
    signed = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
