"""Tokens for programs: ``Authorization: Token KEY``."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from labeling.models import ApiToken, Membership, Project, User, lean

_ALL = (("t", ApiToken), ("u", User), ("m", Membership), ("p", Project))
_OWNER = f"""
    SELECT {lean.columns(*_ALL)} FROM labeling_apitoken t
    JOIN labeling_user u ON u.id = t.user_id
    LEFT JOIN labeling_project p ON p.slug = %(slug)s
    LEFT JOIN labeling_membership m ON m.user_id = u.id AND m.project_id = p.id
    WHERE t.digest = %(digest)s AND u.is_active
"""  # noqa: S608 (column names of our own models)


class TokenAuthentication(BaseAuthentication):
    """Find the user by the digest of the key, and the membership, in one query."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return user and token, or None where the header is of another kind."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"token":
            return None
        key = words[1].decode("ascii", "replace") if len(words) == 2 else ""
        slug = (request.parser_context or {}).get("kwargs", {}).get("slug", "")
        values = {"digest": ApiToken.digest_of(key), "slug": slug}
        found = lean.fetch(_OWNER, values, *_ALL)
        if not found:
            raise AuthenticationFailed("This token is not valid.")
        token, user, member, project = found[0]
        if member is not None:
            member.user, member.project = user, project
            token.membership = member
        return user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a refusal is 401 and not 403."""
        del request
        return "Token"
