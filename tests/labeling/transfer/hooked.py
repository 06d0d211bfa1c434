"""A server that is told by webhooks: what came, and what it replies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.utils import timezone
from pytest_django.fixtures import Settings

from labeling.models import Project, WebhookDelivery
from labeling.services.transfer.webhooks import delivering, endpoints


@dataclass
class Receiver:
    """What was sent, as (headers, body), and the statuses of the next replies."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirect: str = ""

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Whether a receiver that knows the secret may believe a message, as it should check."""
    seconds = headers["webhook-timestamp"]
    if abs(time.time() - int(seconds)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{seconds}.".encode() + body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers["webhook-signature"].split()
    return any(hmac.compare_digest(each, f"v1,{right}") for each in signatures)


@contextmanager
def receiving(settings: Settings) -> Iterator[Receiver]:
    """Run a receiver on loopback, which the operator has allowed."""
    settings.SOURCE_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            lowered = {name.lower(): value for name, value in self.headers.items()}
            made.got.append((lowered, self.rfile.read(size)))
            self.send_response(made.statuses.pop(0) if made.statuses else 204)
            if made.redirect:
                self.send_header("Location", made.redirect)
            self.end_headers()
            self.wfile.write(b"a secret of the receiver")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/hooks"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def registered(project: Project, url: str, *events: str) -> endpoints.Registered:
    return endpoints.register(project, None, url, events)


def deliver() -> int:
    """Send all that waits, whatever it waits for."""
    waiting = WebhookDelivery.objects.filter(state="waiting")
    waiting.update(next_at=timezone.now())
    return delivering.deliver_due()
