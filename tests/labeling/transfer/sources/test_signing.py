"""Signatures, by the examples of the S3 API reference."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.services.transfer.sources import signing
from labeling.services.transfer.sources.signing import AccessKey, S3Call

KEY: Final = AccessKey(
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)
AT: Final = datetime(2013, 5, 24, tzinfo=UTC)
HOST: Final = "examplebucket.s3.amazonaws.com"
BODY: Final = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(
    ("call", "payload", "signature"),
    [
        (
            S3Call("GET", HOST, "/test.txt", headers={"Range": "bytes=0-9"}),
            signing.NOTHING,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            S3Call(
                "PUT",
                HOST,
                "/test$file.text",
                headers={
                    "date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                },
            ),
            BODY,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            S3Call("GET", HOST, "/", {"lifecycle": ""}),
            signing.NOTHING,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            S3Call("GET", HOST, "/", {"max-keys": "2", "prefix": "J"}),
            signing.NOTHING,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_signature_of_a_call_is_that_of_the_reference(
    call: S3Call, payload: str, signature: str
) -> None:
    headers = signing.signed(call, KEY, "us-east-1", AT, payload)

    assert headers["authorization"].endswith(f"Signature={signature}")
    assert headers["x-amz-date"] == "20130524T000000Z"


def test_a_signed_address_is_that_of_the_reference() -> None:
    call = S3Call("GET", HOST, "/test.txt")

    address = signing.presigned(call, KEY, "us-east-1", AT, 86400)

    assert address.query["X-Amz-Signature"] == (
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    assert address.query["X-Amz-Expires"] == "86400"
    assert address.headers == {}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_key_comes_back_from_the_path_that_is_sent(key: str) -> None:
    target = S3Call("GET", HOST, f"/bucket/{key}").target

    assert target.isascii()
    assert "?" not in target
    assert "+" not in target
    assert unquote(target) == f"/bucket/{key}"


def test_the_query_is_in_the_order_of_its_encoded_names() -> None:
    call = S3Call("GET", HOST, "/", {"b": "2", "a~": "x y", "a": "+"})

    assert call.target == "/?a=%2B&a~=x%20y&b=2"


def test_the_secret_is_in_no_text_of_a_key() -> None:
    assert KEY.secret not in repr(KEY)
    assert KEY.id in repr(KEY)
