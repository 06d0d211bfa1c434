"""Who gave the votes that come with items: accounts that wait to be claimed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib.auth.hashers import make_password

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
        username = account_name(name)
        user, is_new = _user(username, name)
        # The name belongs to somebody elsewhere, and these votes are not theirs.
        if not is_new and not user.memberships.filter(project=self.project).exists():
            user, _ = _user(f"{username}@{self.project.slug}"[:150], name)
        Membership.objects.get_or_create(project=self.project, user=user)
        return user


def _user(username: str, name: str) -> tuple[User, bool]:
    """Return an account and whether it is new; two imports can race for one name."""
    unclaimed = {
        "first_name": name[:150],
        "is_active": False,
        "password": make_password(None),
    }
    return User.objects.get_or_create(username=username, defaults=unclaimed)


def keep(
    project: Project,
    annotators: Annotators,
    pairs: Sequence[tuple[Item, Sequence[ImportedVote]]],
    importer: User | None,
) -> None:
    """Write the past votes of new items, in the caller's transaction."""
    accounts = annotators.named(vote.annotator for _, votes in pairs for vote in votes)
    imported.keep(project, accounts, pairs, importer)
