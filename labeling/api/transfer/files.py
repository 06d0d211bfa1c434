"""Files in and out: imports, exports, pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Final

from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import URLPattern, get_script_prefix, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET
from rest_framework.parsers import MultiPartParser

from labeling.api.http.calls import HEADER, Reply, call
from labeling.api.http.scope import ProjectView
from labeling.api.transfer import received
from labeling.api.wire.transfer import exports
from labeling.api.wire.transfer import files as wire
from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import ImportRun, Item, Media, User
from labeling.services.projects import label_sets, members
from labeling.services.transfer import exporting, importing
from labeling.services.transfer.sources import serving
from labeling.templatetags.localized import localized

_FORM: Final = {
    "multipart/form-data": wire.ImportForm,
    received.LinesParser.media_type: bytes,
}
LOCATION: Final = OpenApiParameter(
    "Location", str, HEADER, response=[202], description="Where its progress is."
)


class ImportsView(ProjectView):
    """Start an import."""

    allowed: ClassVar = members.ENGINEER
    parser_classes = (MultiPartParser, received.LinesParser)

    @call(202, 200, raw=_FORM, headers=[LOCATION])
    def post(
        self, slug: str, query: wire.ImportOptions, body: Mapping[str, Any]
    ) -> Reply[wire.ImportAsked | wire.ImportPreview]:
        """Store the file and answer 202 with where its progress is.

        With ``dry_run`` it answers 200 with the first rows instead, and forgets the file.
        """
        options = wire.options_of(query, body)
        name, pieces = received.file_of(self.request, body)
        mapping = self._mapping(options)
        user = User.objects.get(pk=self.member.user_id)
        choice = self._choice(options)
        upload = importing.stage(self.member.project, user, name, pieces, choice)
        if options.dry_run in wire.TRUE:
            return Reply(wire.preview_of(*importing.look(upload, mapping)), 200)
        with importing.forgotten_if_refused(upload):
            chosen = self._choices(options)
            if chosen.unknown_labels == "add":
                members.require(self.member, members.MANAGE)
            run = importing.start(
                upload, user, mapping, asdict(chosen), add_labels=label_sets.extend
            )
        url = f"{get_script_prefix()}api/projects/{slug}/imports/{run.pk}/"
        asked = wire.ImportAsked(id=run.pk, state=run.job.state, url=url)
        return Reply(asked, headers={"Location": url})

    def _mapping(self, options: wire.ImportOptions) -> dict[str, Any]:
        why = _("An object: column → role.")
        mapping = received.object_of(options.mapping, "mapping", why)
        mapping |= received.object_of(options.map, "map", why)
        return mapping

    def _choices(self, options: wire.ImportOptions) -> importing.ImportChoices:
        why = _("An object: label → label.")
        is_gold = options.gold in wire.TRUE
        return importing.ImportChoices(
            labels_are=options.labels_are or ("gold" if is_gold else ""),
            labels_by=options.labels_by,
            label_map=received.object_of(options.label_map, "label_map", why),
            unknown_labels=options.unknown_labels or "refuse",
            known_answers=options.known_answers or "keep",
            same_id=options.same_id or "refuse",
        )

    def _choice(self, options: wire.ImportOptions) -> importing.ReadingChoice:
        why = _("An object: “delimiter” and “header”.")
        dialect = received.object_of(options.dialect, "dialect", why)
        header = {True: "yes", False: "no"}
        given = {name: header.get(value, value) for name, value in dialect.items()}
        if not given.keys() <= {"delimiter", "header"} or not all(
            isinstance(value, str) for value in given.values()
        ):
            raise InvalidInputError(errors={"dialect": [why]})
        return importing.choice_of(
            options.encoding,
            options.delimiter or given.get("delimiter", ""),
            options.header or given.get("header", ""),
            options.sheet,
            options.tool,
        )


def _run_of(view: ProjectView, pk: int) -> ImportRun:
    run = (
        ImportRun.objects.select_related("job", "project")
        .filter(pk=pk, project_id=view.member.project_id)
        .first()
    )
    if run is None:
        raise NotFoundError(_("There is no such import in this project."))
    return run


class ImportView(ProjectView):
    """One import."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, pk: int) -> wire.Import:
        """Return state, counts and bad rows."""
        return wire.import_of(_run_of(self, pk))


class ImportRefusedView(ProjectView):
    """The refused rows of one import."""

    allowed: ClassVar = members.ENGINEER

    @call(files=[*importing.REFUSED_FORMATS.values()])
    def get(self, pk: int, query: wire.RefusedQuery) -> HttpResponseBase:
        """Send the rows that were refused, each with why, to be corrected and imported.

        Raises NotFoundError where there are none.
        """
        run = _run_of(self, pk)
        if not importing.formats_of(run):
            raise NotFoundError(_("This import has no file of refused rows."))
        refused = importing.refused_file(run, query.format, localized)
        return FileResponse(
            refused.file,
            as_attachment=True,
            filename=refused.name,
            content_type=refused.mime,
            headers={"Cache-Control": "no-store, private"},
        )


class ImportCancelView(ProjectView):
    """The end of one import."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int) -> wire.Import:
        """Cancel it; what it has kept stays."""
        importing.cancel(_run_of(self, pk))
        return wire.import_of(_run_of(self, pk))


_PROOF: Final = [
    OpenApiParameter(name, kind, HEADER, response=True, description=about)
    for name, kind, about in (
        ("X-Export-At", datetime, "What was acknowledged before it is in the file."),
        ("X-Export-Rows", int, "How many items are in the file."),
        ("X-Export-SHA256", str, "What `sha256sum` says of the file."),
    )
]
_FILES: Final = [*{mime.partition(";")[0]: 0 for mime in exporting.KINDS.values()}]


class ExportView(ProjectView):
    """Everything out."""

    allowed: ClassVar = members.ENGINEER

    @call(files=_FILES, headers=_PROOF)
    def get(self, slug: str, query: exports.ExportQuery) -> HttpResponseBase:
        """Send the rows of one moment in a format, with what proves them."""
        kind = query.format
        project = self.member.project
        export = exporting.stream(
            project,
            kind,
            query.filters(),
            query.style(),
            with_embeddings=query.embeddings in wire.TRUE,
        )
        return FileResponse(
            export.file,
            as_attachment=True,
            filename=f"{slug}.{exporting.ending(kind)}",
            content_type=exporting.KINDS[kind],
            headers={
                "Cache-Control": "no-store, private",
                "X-Export-At": export.at.isoformat(),
                "X-Export-Rows": str(export.rows),
                "X-Export-SHA256": export.sha256,
            },
        )


class MediaView(ProjectView):
    """A picture, for members."""

    @call(files=["image/jpeg", "image/png", "image/webp"])
    def get(
        self, sha256: exports.PictureDigest, query: exports.PictureQuery
    ) -> HttpResponseBase:
        """Answer the picture, or with ``size`` a small one; each may be kept for long.

        One that is whole in a bucket alone comes by a redirect to a signed address.
        Raises NotFoundError where no item of the project shows it.
        """
        media = Media.objects.filter(sha256=sha256).first()
        is_ours = (
            media is not None
            and Item.objects.filter(
                project_id=self.member.project_id, media=media
            ).exists()
        )
        if media is None or not is_ours:
            raise NotFoundError(_("There is no such picture in this project."))
        size = "" if query.size is UNSET else query.size
        served = serving.serve(self.member, media, size)
        if served.url:
            kept = {"Cache-Control": f"private, max-age={serving.KEPT}"}
            return HttpResponseRedirect(served.url, headers=kept)
        for_long = "private, max-age=31536000, immutable"
        return HttpResponse(
            served.data,
            content_type=served.mime,
            headers={
                "Cache-Control": for_long if served.is_whole else "private, max-age=60",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )


# Below the address of a project.
urlpatterns: list[URLPattern] = [
    path("imports/", ImportsView.as_view()),
    path("imports/<int:pk>/", ImportView.as_view()),
    path("imports/<int:pk>/refused/", ImportRefusedView.as_view()),
    path("imports/<int:pk>/cancel/", ImportCancelView.as_view()),
    path("export/", ExportView.as_view()),
    path("media/<slug:sha256>/", MediaView.as_view()),
]
