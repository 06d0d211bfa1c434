"""The provider: where it sends people, and what it says of whoever comes back.

Authlib does discovery, state, nonce, PKCE, the keys (JWKS) and the signature; here stands what
it leaves to its user: which algorithms, which issuer, and for whom a token was made.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, cast

from authlib.integrations.base_client import MismatchingStateError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth, OAuthError
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as noop
from joserfc.errors import JoseError
from requests import RequestException

from config.oidc.groups import groups_in, rights_of
from config.oidc.identities import Stranger
from config.oidc.options import Options
from labeling.errors import AssayError, ForbiddenError, InvalidInputError
from labeling.messages import sentence as _

logger = logging.getLogger(__name__)

# With keys of its own alone: a shared secret would sign for whoever knows it.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
SECONDS: Final = 10
_LONGEST_EMAIL: Final = 254


class AwayError(AssayError):
    """The provider does not answer, or not as the protocol says."""

    code = "try_again"
    status = 503
    title = noop("The log-in does not answer")


class _Token(CodeIDToken):
    """An id token, which always has what tells it from one of another log-in."""

    ESSENTIAL_CLAIMS: Final = [*CodeIDToken.ESSENTIAL_CLAIMS, "nonce"]


class _Client(DjangoOAuth2App):
    """Authlib's client, which believes a provider only what we have asked for."""

    def load_server_metadata(self) -> dict[str, Any]:
        """Return what the provider publishes of itself. Raises AwayError for another's."""
        known: dict[str, Any] = super().load_server_metadata()
        if known.get("issuer") != _options().issuer:
            # Asked again at the next log-in.
            known.pop("_loaded_at", None)
            logger.error("OIDC_ISSUER calls itself %r", known.get("issuer"))
            raise AwayError(_away())
        offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
        known["id_token_signing_alg_values_supported"] = [
            name for name in offered if name in ALGORITHMS
        ]
        return known


@lru_cache(maxsize=1)
def _client(options: Options) -> Any:
    """Return the client of a provider; it keeps what it has learned of it."""
    registry = OAuth()
    where = options.issuer.removesuffix("/")
    return registry.register(
        "oidc",
        client_cls=_Client,
        client_id=options.client_id,
        client_secret=options.client_secret or None,
        server_metadata_url=f"{where}/.well-known/openid-configuration",
        client_kwargs={
            "scope": options.scopes,
            "code_challenge_method": "S256",
            "default_timeout": SECONDS,
            # A token of a minute is good for the one question that follows.
            "leeway": 0,
            # Of a client without a secret the proof is PKCE alone.
            **({} if options.client_secret else {"token_endpoint_auth_method": "none"}),
        },
    )


def _options() -> Options:
    """Return how log-ins are set up; their addresses are there only where they are."""
    return cast("Options", settings.OIDC)


def _away() -> str:
    words = _("%(name)s does not answer: try again, or log in with a password.")
    return str(words % {"name": _options().name})


@contextmanager
def _in_words() -> Iterator[None]:
    """Say in words what fails between the provider and us; the log has the rest."""
    try:
        yield
    except MismatchingStateError as error:
        raise InvalidInputError(
            _("This log-in began in another browser or too long ago: begin it again.")
        ) from error
    except OAuthError as error:
        logger.warning("the provider refuses: %s", error)
        words = _("%(name)s did not let you in: %(why)s")
        raise ForbiddenError(
            words % {"name": _options().name, "why": str(error)[:200]}
        ) from error
    except JoseError as error:
        logger.warning("the provider's token is not valid: %s", error)
        words = _(
            "What %(name)s says of you cannot be checked: begin the log-in again."
        )
        raise ForbiddenError(words % {"name": _options().name}) from error
    except (RequestException, RuntimeError, ValueError, KeyError) as error:
        logger.warning("the provider does not answer: %s", error)
        raise AwayError(_away()) from error


def redirect(request: HttpRequest, back: str) -> HttpResponse:
    """Send a person to the provider, which sends them to the address ``back``.

    Raises AwayError where it does not answer.
    """
    with _in_words():
        response: HttpResponse = _client(_options()).authorize_redirect(request, back)
    return response


def person(request: HttpRequest) -> tuple[Stranger, str]:
    """Return who comes back from the provider, and the token that says so.

    Raises InvalidInputError for a log-in that did not begin here, ForbiddenError where the
    provider refuses, what it says cannot be checked or a group is missing, and AwayError.
    """
    options = _options()
    client = _client(options)
    with _in_words():
        token = client.authorize_access_token(
            request,
            claims_cls=_Token,
            claims_options={
                "iss": {"essential": True, "value": options.issuer},
                "aud": {"essential": True, "value": options.client_id},
                "sub": {"essential": True},
            },
        )
        claims = dict(token["userinfo"])
        if not {options.name_claim, options.groups_claim} <= claims.keys():
            claims = {**_more(client, token, claims["sub"]), **claims}
    return _person_of(claims, options), token["id_token"]


def _more(client: Any, token: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Return what the provider tells of the same person when it is asked."""
    if not client.load_server_metadata().get("userinfo_endpoint"):
        return {}
    more = dict(client.userinfo(token=token))
    return more if more.get("sub") == subject else {}


def _person_of(claims: Mapping[str, Any], options: Options) -> Stranger:
    groups = groups_in(claims, options.groups_claim)
    if options.required_groups and options.required_groups.isdisjoint(groups):
        words = _("You are in none of the groups at %(name)s that may log in here.")
        raise ForbiddenError(words % {"name": options.name})
    name, email = claims.get(options.name_claim), claims.get("email")
    if not isinstance(name, str) or not name:
        words = _("%(name)s does not say what you are called (%(claim)s).")
        raise ForbiddenError(
            words % {"name": options.name, "claim": options.name_claim}
        )
    is_verified = claims.get("email_verified") is True and isinstance(email, str)
    return Stranger(
        issuer=options.issuer,
        subject=str(claims["sub"]),
        name=name,
        email=str(email)[:_LONGEST_EMAIL] if is_verified else "",
        rights=rights_of(groups, options.grants),
    )


def farewell(token: str, back: str) -> str:
    """Return where one logs out at the provider, too; empty where it has no such place."""
    client = _client(_options())
    try:
        with _in_words():
            if not client.load_server_metadata().get("end_session_endpoint"):
                return ""
            address: str = client.create_logout_url(back, token)["url"]
    except AssayError:
        return ""
    return address
