"""AWS Signature Version 4, which S3 and what is compatible with it ask for: pure functions.

Source: “Authenticating Requests (AWS Signature Version 4)” of the S3 API reference; the
tests have its examples.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "AWS4-HMAC-SHA256"
NOTHING: Final = hashlib.sha256(b"").hexdigest()
# In a signed address nobody knows what will be sent: for a GET that is nothing.
UNSIGNED: Final = "UNSIGNED-PAYLOAD"
# Characters that stand for themselves.
_PLAIN: Final = "-._~"


@dataclass(frozen=True)
class AccessKey:
    """Who asks, and the secret that proves it; the secret is in no text of it."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class S3Call:
    """A request as it is signed; ``path`` is not encoded yet."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The encoded path and query, as they are sent."""
        # Encoded once; other services of AWS encode twice, S3 does not.
        path = quote(self.path, safe=f"/{_PLAIN}")
        return f"{path}?{query}" if (query := _encoded(self.query)) else path


def signed(
    call: S3Call, key: AccessKey, region: str, at: datetime, payload: str = NOTHING
) -> dict[str, str]:
    """Return the headers of a call with those that sign it.

    ``payload``: the SHA-256 of the body, in hexadecimal digits.
    """
    moment = f"{at:%Y%m%dT%H%M%SZ}"
    # All headers are signed: some servers refuse an x-amz-… that is not.
    headers = {
        **call.headers,
        "host": call.host,
        "x-amz-content-sha256": payload,
        "x-amz-date": moment,
    }
    scope = _scope(region, moment)
    names = _names(headers)
    asked = replace(call, headers=headers)
    signature = _signature(asked, payload, key, scope, moment)
    return {
        **headers,
        "authorization": f"{ALGORITHM} Credential={key.id}/{scope},"
        f"SignedHeaders={names},Signature={signature}",
    }


def presigned(
    call: S3Call, key: AccessKey, region: str, at: datetime, seconds: int
) -> S3Call:
    """Return a call that anybody may make for some seconds, without headers."""
    moment = f"{at:%Y%m%dT%H%M%SZ}"
    scope = _scope(region, moment)
    query = {
        **call.query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.id}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    asked = replace(call, query=query, headers={"host": call.host})
    signature = _signature(asked, UNSIGNED, key, scope, moment)
    return replace(call, query={**query, "X-Amz-Signature": signature}, headers={})


def _encoded(query: Mapping[str, str]) -> str:
    # Sorted as they are encoded: that is what the server sorts.
    pairs = ((quote(k, safe=_PLAIN), quote(v, safe=_PLAIN)) for k, v in query.items())
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(name.lower() for name in headers))


def _scope(region: str, moment: str) -> str:
    return f"{moment[:8]}/{region}/s3/aws4_request"


def _signature(
    call: S3Call, payload: str, key: AccessKey, scope: str, moment: str
) -> str:
    """Return the signature of a call whose headers are all signed."""
    lines = sorted(
        f"{name.lower()}:{value.strip()}\n" for name, value in call.headers.items()
    )
    path, _sign, query = call.target.partition("?")
    names = _names(call.headers)
    asked = "\n".join([call.method, path, query, "".join(lines), names, payload])
    digest = hashlib.sha256(asked.encode()).hexdigest()
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{digest}"
    secret = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return hmac.digest(secret, text.encode(), "sha256").hex()
