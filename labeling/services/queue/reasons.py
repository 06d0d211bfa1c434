"""Why a person gets nothing: one list for the services, the API and its schema."""

from __future__ import annotations

from typing import Literal

from labeling.services.work.kinds import WaitReason

# Because of the person, or of what the queue holds.
WhyNothing = (
    Literal[
        "paused",
        "skill",
        "quota",
        "empty_project",
        "all_labeled",
        "all_yours_done",
        "role",
        "all_lent",
        "none_of_these",
    ]
    | WaitReason
)
# The grid needs suggestions too.
GridReason = WhyNothing | Literal["no_suggestions"]
