"""Tokens for programs: ``Authorization: Token KEY``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from labeling.models import ApiToken, Membership, Project, User
from labeling.services.accounts import attempts, tokens
from labeling.sql import lean, statements

_ALL = (("t", ApiToken), ("u", User), ("m", Membership), ("p", Project))
_SQL: Final = statements.load(Path(__file__).with_name("authentication.sql"))
_OWNER: Final = lean.with_columns(_SQL["owner"], *_ALL)


def key_of(request: Request | HttpRequest) -> str | None:
    """Return the key of the token that a call brings, be it valid or not; None: no token.

    Empty where the header is none of a token's.
    """
    words: list[str] = request.META.get("HTTP_AUTHORIZATION", "").split()
    if not words or words[0].lower() != "token":
        return None
    return words[1] if len(words) == 2 else ""


def owner_of(key: str, slug: str) -> tuple[User, ApiToken] | None:
    """Return whose token has a key, and the token with the membership.

    One query by the digest of the key; None where the token is not valid.
    """
    values = {"digest": ApiToken.digest_of(key), "slug": slug}
    rows = lean.fetch(_OWNER, values, *_ALL)
    if not rows:
        return None
    token, user, member, project = rows[0]
    if member is not None:
        member.user, member.project = user, project
        token.membership = member
    tokens.keep_moment(token)
    return user, token


class TokenAuthentication(BaseAuthentication):
    """Find the user by the key, and the membership."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token, or None where the header is of another kind.

        Raises AuthenticationFailed for a token that is not valid, and
        TooManyAttemptsError where such came too often; valid ones never wait.
        """
        if (key := key_of(request)) is None:
            return None
        slug = (request.parser_context or {}).get("kwargs", {}).get("slug", "")
        if (owner := owner_of(key, slug)) is None:
            attempts.begin(attempts.tokens_of(request.META.get("REMOTE_ADDR", "")))
            raise AuthenticationFailed(_("This token is not valid."))
        return owner

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a refusal is 401 and not 403."""
        return "Token"


class TokenScheme(OpenApiAuthenticationExtension):
    """How the schema tells of tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the header that carries a token."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token KEY`, with a key of your account.",
        }
