"""What the models read."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import features
from activelearn.services.features import reading
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class FeaturesView(ProjectView):
    """What the models read."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> features.Features:
        """Return how the next model reads the data, column by column."""
        return features.features_of(reading.reading_of(self.member.project))
