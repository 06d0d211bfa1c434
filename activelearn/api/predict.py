"""Predictions for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from activelearn.services import serving
from labeling.api.http import shapes
from labeling.api.http.scope import ProjectView
from labeling.errors import InvalidInputError
from labeling.services.projects import members


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class PredictView(ProjectView):
    """Ask the champion."""

    allowed_to_write = members.ENGINEER

    def post(self, request: Request, slug: str) -> Response:
        """Return an answer for each of ``items``."""
        items = shapes.body_of(request.data).get("items")
        is_list = isinstance(items, list) and all(
            isinstance(one, dict) and isinstance(one.get("data"), dict) for one in items
        )
        if not isinstance(items, list) or not is_list:
            raise InvalidInputError(errors={"items": ["A list of {data: {…}}."]})
        questions = [
            serving.Question(str(one.get("id") or ""), one["data"]) for one in items
        ]
        answers = serving.predict(self.member.project, questions)
        rows = [
            {"id": one.get("id", place), **asdict(answer)}
            for place, (one, answer) in enumerate(zip(items, answers, strict=True))
        ]
        return Response({"predictions": rows})
