"""Predictions for programs."""

from __future__ import annotations

from activelearn.api import wire
from activelearn.services import serving
from labeling.api.http.calls import call
from labeling.api.http.scope import ProjectView
from labeling.services.projects import members


class PredictView(ProjectView):
    """Ask the champion."""

    allowed_to_write = members.ENGINEER

    @call()
    def post(self, body: wire.PredictBody) -> wire.Predictions:
        """Return an answer for each of ``items``."""
        questions = [wire.question_of(item) for item in body.items]
        answers = serving.predict(self.member.project, questions)
        rows = enumerate(zip(body.items, answers, strict=True))
        return wire.Predictions(
            predictions=[
                wire.prediction_of(asked, place, answer)
                for place, (asked, answer) in rows
            ]
        )
