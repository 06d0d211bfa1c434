"""A small provider of OpenID Connect: discovery, keys, codes with PKCE, tokens, log-out.

It refuses what the protocol refuses, and lies where a test asks it to.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from joserfc import jwt
from joserfc.jwk import RSAKey

from config.oidc.options import Options

CLIENT, SECRET = "assay", "only for this provider"


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        return None


@dataclass
class Provider:
    """Who is logged in there, and how it behaves.

    ``claims`` are of the person; ``forged`` ones go over those of the id token alone, where
    None leaves one out. ``key`` signs, ``published`` is what it shows of its keys.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    forged: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: _key("one"))
    published: Any = None
    algorithm: str = "RS256"
    refuses: str = ""
    port: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/realm"

    def __call__(
        self, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"].removeprefix("/realm")
        self.seen.append(path)
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = dict(parse_qsl(environ["wsgi.input"].read(length).decode()))
        if path == "/authorize":
            start("302 Found", [("Location", self._authorize(query))])
            return [b""]
        if path == "/logout":
            # Nobody is logged in here any more, whoever it was.
            self.ended.append(query["id_token_hint"])
            start("302 Found", [("Location", query["post_logout_redirect_uri"])])
            return [b""]
        pages: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self._configuration,
            "/keys": lambda: {"keys": [self._public().as_dict(private=False)]},
            "/token": lambda: self._token(form, environ),
            "/userinfo": lambda: {**self.claims},
        }
        shown = pages[path]() if path in pages else {"error": "not_found"}
        status = "400 Bad Request" if "error" in shown else "200 OK"
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(shown).encode()]

    def _public(self) -> Any:
        return self.published or self.key

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    def _authorize(self, query: dict[str, str]) -> str:
        """Let the person in at once; return where they go back to."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        assert query["nonce"]
        assert query["state"]
        answer = {"state": query["state"]}
        if self.refuses:
            answer |= {"error": self.refuses, "error_description": "You said no."}
        else:
            answer["code"] = secrets.token_urlsafe(8)
            self.codes[answer["code"]] = query
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def _token(self, form: dict[str, str], environ: dict[str, Any]) -> dict[str, Any]:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        quoted = base64.b64encode(
            f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()
        ).decode()
        is_known = environ.get("HTTP_AUTHORIZATION") in (
            f"Basic {basic}",
            f"Basic {quoted}",
        )
        if (
            asked is None
            or not is_known
            or challenge != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return {"error": "invalid_grant"}
        return {
            "access_token": secrets.token_urlsafe(8),
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            **self.claims,
            **self.forged,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, told, self.key, algorithms=[self.algorithm])


def options_for(provider: Provider, **changes: Any) -> Options:
    """Return how the environment of a site with this provider sets it up."""
    usual = Options(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        name="Example ID",
        scopes="openid profile email",
        name_claim="preferred_username",
        groups_claim="groups",
        grants=(),
        required_groups=frozenset(),
    )
    return Options(**{**vars(usual), **changes})


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """Answer on loopback while the body runs."""
    with make_server("127.0.0.1", 0, provider, WSGIServer, Quiet) as server:
        provider.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def query_of(address: str) -> dict[str, str]:
    return {
        name: values[0] for name, values in parse_qs(address.partition("?")[2]).items()
    }
