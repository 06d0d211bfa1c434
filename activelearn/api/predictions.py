"""What the model that serves says: of items from outside, and of the pool."""

from __future__ import annotations

from typing import ClassVar

from activelearn.api.wire import predictions
from activelearn.services.predictions import scoring, serving
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.models import User
from labeling.services.projects import members


class PredictView(ProjectView):
    """Ask the champion."""

    allowed_to_write = members.ENGINEER

    @call()
    def post(self, body: predictions.PredictBody) -> predictions.Predictions:
        """Return a prediction for each of ``items``: up to 1,000, of pictures 100."""
        questions = predictions.questions_of(body)
        project = self.member.project
        served = serving.predict(project, questions, explain=body.explain)
        rows = enumerate(zip(body.items, served, strict=True))
        return predictions.Predictions(
            predictions=[
                predictions.prediction_of(asked, place, prediction, project.slug)
                for place, (asked, prediction) in rows
            ]
        )


class ScoresView(ProjectView):
    """What the model that serves says of the pool."""

    allowed: ClassVar = members.ENGINEER

    @call(202)
    def post(self) -> work.JobAsked:
        """Have the pool scored anew; where that waits already, this is that job."""
        user = User.objects.get(pk=self.member.user_id)
        return work.asked_of(scoring.request(self.member.project, user))
