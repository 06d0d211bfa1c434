"""How log-ins by another party are set up, from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.oidc.groups import Grant, grants_of


@dataclass(frozen=True)
class Options:
    """What is known of the provider, and what its people may do here."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: str
    name_claim: str
    groups_claim: str
    grants: tuple[Grant, ...]
    required_groups: frozenset[str]


def read() -> Options | None:
    """Return the options; None where no provider is named.

    Raises ImproperlyConfigured, which names the variable, for a wrong value.
    """
    issuer = env.text("OIDC_ISSUER")
    if not issuer:
        return None
    address = urlsplit(issuer)
    is_here = address.hostname in ("localhost", "127.0.0.1", "::1")
    if address.scheme != "https" and not (address.scheme == "http" and is_here):
        raise ImproperlyConfigured(f"OIDC_ISSUER={issuer!r} must begin with https://")
    if not (client_id := env.text("OIDC_CLIENT_ID")):
        raise ImproperlyConfigured("OIDC_ISSUER is set and OIDC_CLIENT_ID is not.")
    try:
        grants = grants_of(env.words("OIDC_GROUPS", ""))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"OIDC_GROUPS: {error.args[0]!r} is not group=role@project, group=creator or "
            "group=staff."
        ) from error
    return Options(
        issuer=issuer,
        client_id=client_id,
        client_secret=env.text("OIDC_CLIENT_SECRET"),
        name=env.text("OIDC_NAME") or str(address.hostname),
        scopes=env.text("OIDC_SCOPES") or "openid profile email",
        name_claim=env.text("OIDC_NAME_CLAIM") or "preferred_username",
        groups_claim=env.text("OIDC_GROUPS_CLAIM") or "groups",
        grants=tuple(grants),
        required_groups=frozenset(env.words("OIDC_REQUIRED_GROUPS", "")),
    )
