"""The people whose votes come with items: accounts that wait to be claimed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError

from labeling.models import (
    Item,
    Membership,
    Project,
    User,
)
from labeling.services.transfer.rows import account_name
from labeling.services.votes import imported
from labeling.services.votes.imported import ImportedVote


class Annotators:
    """The accounts of past annotators: inactive, and members, until claimed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[str, User] = {}

    def named(self, names: Iterable[str]) -> dict[str, User]:
        """Return an account for each name; a stranger's account is never taken."""
        # Sorted: two imports that make the same accounts in different orders would
        # deadlock.
        missing = sorted(set(names) - self._known.keys())
        for name in missing:
            self._known[name] = self._account(name)
        return self._known

    def _account(self, name: str) -> User:
        username, slug = account_name(name), self.project.slug
        further = (f"@{slug}.{number}" for number in itertools.count(2))
        endings = itertools.chain(("", f"@{slug}"), further)
        candidates = (
            _user(username[: 150 - len(ending)] + ending, name) for ending in endings
        )
        user = next(
            user
            for user, is_new in filter(None, candidates)
            if is_new or self._waits_here(user)
        )
        Membership.objects.get_or_create(project=self.project, user=user)
        return user

    def _waits_here(self, user: User) -> bool:
        """Whether an account is a past annotator's of this project, not yet claimed.

        Whoever can log in, or has, gives their own votes: a file that could name them
        would count votes as theirs that they never gave. And a name of somebody elsewhere
        is not this annotator's.
        """
        is_living = user.is_active or user.has_usable_password() or user.last_login
        here = user.memberships.filter(project=self.project)
        return not is_living and here.exists()


def _user(username: str, name: str) -> tuple[User, bool] | None:
    """Return an account and whether it is new; two imports can race for one name.

    None where the name looks like that of another account, which is not meant.
    """
    unclaimed = {
        "first_name": name[:150],
        "is_active": False,
        "password": make_password(None),
    }
    try:
        return User.objects.get_or_create(username=username, defaults=unclaimed)
    except IntegrityError:
        return None


def keep(
    project: Project,
    annotators: Annotators,
    pairs: Sequence[tuple[Item, Sequence[ImportedVote]]],
    importer: User | None,
    *,
    are_new: bool = True,
) -> None:
    """Write past votes of items, in the caller's transaction."""
    accounts = annotators.named(vote.annotator for _, votes in pairs for vote in votes)
    imported.keep(project, accounts, pairs, importer, are_new=are_new)
