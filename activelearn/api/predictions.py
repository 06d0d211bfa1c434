"""What the model that serves says: of items from outside, and of the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.http import FileResponse, HttpResponseBase
from rest_framework.parsers import MultiPartParser

from activelearn.api.wire import predictions
from activelearn.models import PredictionBatch
from activelearn.services.predictions import (
    batch_files,
    batches,
    feedback,
    scoring,
    serving,
)
from labeling.api.http.calls import Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.transfer import received
from labeling.api.transfer.files import LOCATION
from labeling.api.wire import work
from labeling.models import User
from labeling.services.projects import members
from labeling.services.transfer import importing
from labeling.services.transfer.exporting import FORMATS

_FORM: Final = {
    "multipart/form-data": predictions.BatchForm,
    received.LinesParser.media_type: bytes,
}


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


class FeedbackView(ProjectView):
    """What programs and their users say of predictions."""

    allowed: ClassVar = members.EXPLORE
    allowed_to_write = members.ENGINEER

    @call()
    def get(self) -> predictions.FeedbackSummary:
        """Count it: of the last 30 days, by predicted label and by day."""
        return predictions.summary_of(feedback.report(self.member.project))

    @call(202)
    def post(self, body: predictions.FeedbackBody) -> predictions.FeedbackTaken:
        """Say that a prediction was right or wrong, or what was done with it.

        It is kept apart from labels; the last word on a prediction counts.
        """
        user = User.objects.get(pk=self.member.user_id)
        draft = predictions.draft_of(body)
        kept = feedback.take(self.member.project, user, draft)
        return predictions.FeedbackTaken(
            id=kept.pk, item=kept.item_id, correct=kept.is_correct
        )


class FeedbackSendView(ProjectView):
    """A way to have people label what contradicts predictions."""

    allowed: ClassVar = members.EXPLORE

    @call()
    def post(self) -> predictions.FeedbackSent:
        """Ask people, ahead of the queue's order, about at most 500 items."""
        return predictions.FeedbackSent(sent=feedback.send(self.member.project))


class BatchesView(ProjectView):
    """Files whose rows are predicted as a job."""

    allowed: ClassVar = members.ENGINEER
    parser_classes = (MultiPartParser, received.LinesParser)

    @call(name="projects_predict_batches_list")
    def get(self) -> Page[predictions.PredictedBatch]:
        """List them, newest first."""
        rows = PredictionBatch.objects.select_related("job", "project").filter(
            project=self.member.project
        )
        return page_of(rows, self.request, predictions.batch_of)

    @call(202, raw=_FORM, headers=[LOCATION])
    def post(self, body: Mapping[str, Any]) -> Reply[predictions.PredictedBatch]:
        """Store a file and answer 202 with where its progress is.

        Nothing of it joins the project.
        """
        name, pieces = received.file_of(self.request, body, "rows.jsonl")
        user = User.objects.get(pk=self.member.user_id)
        upload = importing.stage(self.member.project, user, name, pieces)
        with importing.forgotten_if_refused(upload):
            batch = predictions.batch_of(batches.start(upload, user))
        return Reply(batch, headers={"Location": batch.url})


class BatchView(ProjectView):
    """One file."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, pk: int) -> predictions.PredictedBatch:
        """Return how far it is."""
        return predictions.batch_of(batches.of_project(self.member.project, pk))


class BatchFileView(ProjectView):
    """The predictions of a file."""

    allowed: ClassVar = members.ENGINEER

    @call(files=[*FORMATS.values()])
    def get(self, pk: int, query: predictions.BatchFileQuery) -> HttpResponseBase:
        """Send them, a row for each row of the file, in its order."""
        batch = batches.of_project(self.member.project, pk)
        made = batch_files.file_of(batch, query.format)
        return FileResponse(
            made.file, as_attachment=True, filename=made.name, content_type=made.mime
        )
