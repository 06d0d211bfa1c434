"""Predictions for programs."""

from __future__ import annotations

from activelearn.api.wire import predictions
from activelearn.services.predictions import serving
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class PredictView(ProjectView):
    """Ask the champion."""

    allowed_to_write = members.ENGINEER

    @call()
    def post(self, body: predictions.PredictBody) -> predictions.Predictions:
        """Return a prediction for each of ``items``."""
        questions = [predictions.question_of(item) for item in body.items]
        served = serving.predict(self.member.project, questions)
        rows = enumerate(zip(body.items, served, strict=True))
        return predictions.Predictions(
            predictions=[
                predictions.prediction_of(asked, place, prediction)
                for place, (asked, prediction) in rows
            ]
        )
