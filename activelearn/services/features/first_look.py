"""The first choice of a representation: what the words of the texts tell, before labels."""

from __future__ import annotations

import logging

from activelearn.core import representations
from activelearn.encoders.published import WrongEncoderError
from activelearn.models import RepresentationChoice
from activelearn.services.features import choices, specs
from labeling.models import Item, Project

logger = logging.getLogger(__name__)


def begin(project: Project) -> None:
    """Choose by the words of the texts, where nothing has been chosen yet.

    Until there are some texts, nothing is.
    """
    if choices.newest(project.pk):
        return
    drawn = specs.drawn(project, representations.MOST_TEXTS)
    if len(drawn) < representations.FEWEST_TEXTS:
        return
    texts = Item.objects.filter(pk__in=drawn).values_list("data__text", flat=True)
    try:
        known = representations.known_words([str(text) for text in texts])
    except WrongEncoderError as error:
        # Whoever reads the texts by it says so in words.
        logger.warning("nothing is known of the words: %s", error)
        return
    if known is None:
        return
    # Of two workers that look at once, the first one's counts: unique by number.
    RepresentationChoice.objects.get_or_create(
        project=project,
        number=1,
        defaults={
            "name": representations.first_of(known),
            "before": representations.DEFAULT,
            "label_count": 0,
            "items": len(drawn),
            "compared": {},
            "gain": 0.0,
            "error": 0.0,
            "known_words": known,
        },
    )
