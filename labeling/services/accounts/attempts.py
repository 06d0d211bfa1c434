"""How often somebody may try a password: who guesses waits longer and longer.

Nothing is ever locked. A browser that an account has logged in with keeps a count of its
own, so that nobody can keep the account's owner out by guessing elsewhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.db import connection
from django.utils import timezone

from labeling.errors import TooManyAttemptsError
from labeling.models import Door, digest_of
from labeling.models.names import name_key_of
from labeling.sql import statements

_SQL: Final = statements.load(Path(__file__).with_name("attempts.sql"))
# The first wait; each failure doubles it.
FIRST_SECONDS: Final = 5
FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """How many failures at a door are free, and how long one waits there at most."""

    free: int
    most_seconds: int


# One person at one place, or at a browser that is known.
ONE: Final = Limit(free=5, most_seconds=900)
# One address, whatever names it tries: a class or an office may share it.
ADDRESS: Final = Limit(free=30, most_seconds=900)
# One account from anywhere: many machines guess together. The owner of a new machine
# has to find a moment too, so the wait stays short.
ACCOUNT: Final = Limit(free=100, most_seconds=60)


@dataclass(frozen=True)
class Opening:
    """A door that an attempt goes through."""

    digest: str
    limit: Limit
    is_shared: bool = False


def account_of(name: str) -> str:
    """Return a short name of the account that people mean by a name."""
    return digest_of(f"account {name_key_of(name)}")[:16]


def doors_of(name: str, address: str, known: Mapping[str, str]) -> list[Opening]:
    """Return the doors of an attempt to log in; ``known`` are secrets by account."""
    account = account_of(name)
    if secret := known.get(account):
        return [_opening(ONE, "device", account, secret)]
    place = _place(address)
    return [
        _opening(ONE, "pair", account, place),
        _opening(ADDRESS, "address", place, is_shared=True),
        _opening(ACCOUNT, "account", account, is_shared=True),
    ]


def tokens_of(address: str) -> list[Opening]:
    """Return the door of calls with tokens that are not valid."""
    return [_opening(ADDRESS, "token", _place(address))]


def own_password(user_id: int) -> list[Opening]:
    """Return the door of a person who is logged in and names their password."""
    return [_opening(ONE, "own", str(user_id))]


def letters_of(address: str) -> list[Opening]:
    """Return the door of requests for mail with a link."""
    return [_opening(ONE, "letter", _place(address))]


def _opening(limit: Limit, kind: str, *of: str, is_shared: bool = False) -> Opening:
    return Opening(digest_of(f"{kind} {' '.join(of)}"), limit, is_shared)


def _place(address: str) -> str:
    """Return an address as it is counted: of IPv6 the network that one customer has."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket of this machine
    if number.version == 6:
        return str(ipaddress.ip_network((number, 64), strict=False))
    return str(number)


def begin(doors: Sequence[Opening]) -> None:
    """Count an attempt, as one that fails until ``succeed`` says otherwise.

    Raises TooManyAttemptsError, with the seconds to wait, where a door is shut.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SQL["wait"], {"digests": [door.digest for door in doors]})
        # First of all doors, so that none counts what another refuses.
        if seconds := cursor.fetchone()[0]:
            raise TooManyAttemptsError(int(seconds))
        for door in doors:
            values: dict[str, str | int] = {
                "digest": door.digest,
                "free": door.limit.free,
                "first": FIRST_SECONDS,
                "most": door.limit.most_seconds,
            }
            cursor.execute(_SQL["attempt"], values)
            # Race: another attempt has shut it since.
            if cursor.fetchone() is None:
                raise TooManyAttemptsError(FIRST_SECONDS)


def succeed(doors: Iterable[Opening]) -> None:
    """Take an attempt back: it did not fail."""
    doors = list(doors)
    Door.objects.filter(
        digest__in=[door.digest for door in doors if not door.is_shared]
    ).delete()
    # Others go on failing at these: a person with an account cannot clear their count with it.
    shared = [door.digest for door in doors if door.is_shared]
    with connection.cursor() as cursor:
        cursor.execute(_SQL["forgive"], {"digests": shared})


def forget() -> int:
    """Delete counts that are a day old; return how many."""
    last = timezone.now() - FORGOTTEN_AFTER
    return Door.objects.filter(last_at__lt=last).delete()[0]
