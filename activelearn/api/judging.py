"""What the model's choice saves, and whether more labels will help."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire.judging import forecast, meter
from activelearn.models import LearningPolicy
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class MeterView(ProjectView):
    """What the model's choice saves, and who orders the queue."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> meter.Meter:
        """Return what was measured of it, look by look."""
        return meter.meter_of(LearningPolicy.of(self.member.project_id))


class ForecastView(ProjectView):
    """Whether more labels will help."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> forecast.Forecast:
        """Return where the learning curve leads, by the newest forecast."""
        return forecast.forecast_of(LearningPolicy.of(self.member.project_id))
