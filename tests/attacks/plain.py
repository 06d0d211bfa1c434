"""A site for the web server alone: it reads a body and says how long it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def application(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    answer = f"{len(body)}\n".encode()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
