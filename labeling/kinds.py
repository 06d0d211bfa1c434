"""The jobs of labeling: who runs each, what people call it, how long it rests."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as noop

from labeling.services.projects import removal
from labeling.services.transfer import earlier, importing
from labeling.services.transfer.predicting import run as predicting
from labeling.services.transfer.sources import listing, sending, setting_up
from labeling.services.votes import agreement, skills
from labeling.services.work.kinds import Kind

KINDS: Final = (
    Kind("agreement", agreement.run, title=noop("agreement"), rest=9),
    Kind(
        "skills",
        skills.run,
        title=noop("how often people are right"),
        rest=9,
        counts={"people": noop("People")},
    ),
    Kind(
        "import",
        importing.run,
        title=noop("import"),
        repeat=importing.again,
        counts={"created": noop("New items")},
    ),
    Kind(
        setting_up.KIND,
        listing.run,
        title=noop("list of a source"),
        repeat=listing.again,
    ),
    Kind(sending.KIND, sending.run, title=noop("export into a source")),
    Kind(
        predicting.KIND,
        predicting.run,
        title=noop("predictions from outside"),
        repeat=predicting.again,
    ),
    Kind(
        earlier.KIND,
        earlier.run,
        title=noop("sketches of earlier items"),
        repeat=earlier.again,
        counts={
            "sketched": noop("Items compared"),
            "moved": noop("Items moved to the side of those they are like"),
            "apart": noop("Items that stay apart from those they are like"),
        },
    ),
    Kind(
        "delete",
        removal.run,
        title=noop("deletion of items"),
        counts={"deleted": noop("Deleted items")},
    ),
    Kind(
        "delete-project",
        removal.run_for_project,
        title=noop("deletion of a project"),
    ),
)
