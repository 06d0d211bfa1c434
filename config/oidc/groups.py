"""Which groups of the provider give which rights here: read from OIDC_GROUPS, and pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# Beside the roles in a project, which are written role@project.
CREATOR: Final = "creator"
STAFF: Final = "staff"
ROLES: Final = ("annotator", "expert", "engineer", "manager")
_RIGHT: Final = re.compile(
    rf"(?:{CREATOR}|{STAFF}|(?:{'|'.join(ROLES)})@[-a-zA-Z0-9_]+)"
)


@dataclass(frozen=True)
class Grant:
    """A right that the members of a group have."""

    group: str
    right: str


@dataclass(frozen=True)
class Rights:
    """What somebody's groups give them: roles by the short name of a project, and flags."""

    roles: Mapping[str, str]
    flags: frozenset[str]


def grants_of(words: Iterable[str]) -> list[Grant]:
    """Return what ``group=right`` says; raises ValueError, which names the word."""
    grants = []
    for word in words:
        group, _, right = word.rpartition("=")
        if not group.strip() or not _RIGHT.fullmatch(right.strip()):
            raise ValueError(word)
        grants.append(Grant(group.strip(), right.strip()))
    return grants


def rights_of(groups: Iterable[str], grants: Sequence[Grant]) -> Rights:
    """Return what the groups give; of several roles in a project the one named first."""
    own = {*groups}
    rights = [grant.right for grant in grants if grant.group in own]
    roles: dict[str, str] = {}
    for right in rights:
        role, is_role, project = right.partition("@")
        if is_role:
            roles.setdefault(project, role)
    return Rights(roles, frozenset({CREATOR, STAFF}.intersection(rights)))


def groups_in(claims: Mapping[str, Any], path: str) -> list[str]:
    """Return the groups that a claim lists; dots lead into objects of the provider."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        value = [value]
    is_list = isinstance(value, list | tuple)
    return [name for name in value if isinstance(name, str)] if is_list else []
