"""A site for the web server alone: it says how long a body is, and how long it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.chunked import with_length


def _site(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    read = 0
    while piece := environ["wsgi.input"].read(2**16):
        read += len(piece)
    answer = json.dumps([environ.get("CONTENT_LENGTH", ""), read]).encode()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


application = with_length(_site)
