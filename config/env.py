"""Typed reads of environment variables.

All of them raise ImproperlyConfigured, which names the variable, for a wrong value.
"""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Return variable ``name``, or the content of the file that ``NAME_FILE`` names."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path!r}: {error}") from error
    return os.environ.get(name, default)


def flag(name: str, *, default: bool) -> bool:
    """Return variable ``name`` as true or false."""
    raw = os.environ.get(name, str(default)).lower()
    if raw not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name}={raw!r} is neither true nor false")
    return raw in _TRUE


def prefix(name: str) -> str:
    """Return variable ``name`` as a path without a slash at its end; "" for none."""
    path = text(name).strip("/")
    if not re.fullmatch(r"[\w.~/-]*", path, re.ASCII) or "//" in path:
        raise ImproperlyConfigured(f"{name}={path!r} is not a path such as /assay")
    return f"/{path}" if path else ""


def number(name: str, default: int) -> int:
    """Return variable ``name`` as a whole number."""
    raw = os.environ.get(name, str(default))
    try:
        return int(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number") from error


def words(name: str, default: str) -> list[str]:
    """Return variable ``name`` as a list, split at commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return variable ``name`` as a list of networks such as 10.0.0.0/8, split at commas."""
    try:
        return [ipaddress.ip_network(word) for word in words(name, "")]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
