"""Predictions from outside: rows in, sources and how they agree, the end of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.urls import URLPattern, get_script_prefix, path
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser

from labeling.api.http.calls import Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.transfer import received
from labeling.api.transfer.files import LOCATION
from labeling.api.wire.transfer import files
from labeling.api.wire.transfer import predictions as wire
from labeling.models import User
from labeling.services.projects import members
from labeling.services.transfer import importing
from labeling.services.transfer.outside import sources
from labeling.services.transfer.predicting import look as looking
from labeling.services.transfer.predicting import run

_FORM: Final = {
    "multipart/form-data": wire.PredictionForm,
    received.LinesParser.media_type: bytes,
}


class PredictionsView(ProjectView):
    """What outside models predict."""

    allowed: ClassVar = members.ENGINEER
    parser_classes = (MultiPartParser, received.LinesParser)

    @call()
    def get(self) -> Page[wire.OutsideSource]:
        """List the sources, the newest first, and how each agrees with people."""
        project = self.member.project
        counts = sources.counted(project)
        rows = sources.listed(project)
        return page_of(rows, self.request, lambda row: wire.source_of(counts[row.pk]))

    @call(202, 200, raw=_FORM, headers=[LOCATION])
    def post(
        self, slug: str, query: wire.PredictionOptions, body: Mapping[str, Any]
    ) -> Reply[files.ImportAsked | wire.PredictionPreview]:
        """Store the rows and answer 202 with where their progress is, as of an import.

        Each row ends in one count: `created` is new, `filled` replaces what the source
        said of the item before, `duplicates` says the same again, `rejected` has its
        reason in `errors`. With ``dry_run`` it answers 200 with what the first rows would
        become instead, and forgets the file.
        """
        options = files.options_of(query, body)
        name, pieces = received.file_of(self.request, body, "predictions.jsonl")
        why = _("An object: column → role.")
        labels = _("An object: label → label.")
        chosen = {
            "source": options.source,
            "mapping": received.object_of(options.map, "map", why),
            "label_map": received.object_of(options.label_map, "label_map", labels),
        }
        choice = importing.choice_of(
            options.encoding,
            options.delimiter,
            options.header,
            options.sheet,
            options.tool,
        )
        user = User.objects.get(pk=self.member.user_id)
        upload = importing.stage(self.member.project, user, name, pieces, choice)
        if options.dry_run in files.TRUE:
            return Reply(wire.preview_of(looking.look_once(upload, chosen)), 200)
        with importing.forgotten_if_refused(upload):
            asked = run.start(upload, user, chosen)
        url = f"{get_script_prefix()}api/projects/{slug}/imports/{asked.pk}/"
        shown = files.ImportAsked(id=asked.pk, state=asked.job.state, url=url)
        return Reply(shown, headers={"Location": url})


class PredictionSourceView(ProjectView):
    """One source."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def delete(self, pk: int) -> wire.SourceDeleted:
        """Delete it with all that it predicts; votes keep what was shown with them."""
        count = sources.delete_source(self.member.project, pk)
        return wire.SourceDeleted(id=pk, predictions=count)


# Below the address of a project.
urlpatterns: list[URLPattern] = [
    path("predictions/", PredictionsView.as_view()),
    path("predictions/<int:pk>/", PredictionSourceView.as_view()),
]
