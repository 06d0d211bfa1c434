"""The jobs of labeling: who runs each, what people call it, how long it rests."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as noop

from labeling.services.projects import removal
from labeling.services.transfer import earlier, importing
from labeling.services.votes import agreement, skills
from labeling.services.work.kinds import Kind

KINDS: Final = (
    Kind("agreement", agreement.run, title=noop("agreement"), rest=9),
    Kind("skills", skills.run, title=noop("how often people are right"), rest=9),
    Kind("import", importing.run, title=noop("import"), repeat=importing.again),
    Kind(
        earlier.KIND,
        earlier.run,
        title=noop("sketches of earlier items"),
        repeat=earlier.again,
    ),
    Kind("delete", removal.run, title=noop("deletion of items")),
    Kind(
        "delete-project",
        removal.run_for_project,
        title=noop("deletion of a project"),
    ),
)
