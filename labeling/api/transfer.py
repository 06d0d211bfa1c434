"""Files in and out: imports, exports, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser

from labeling.api.http.calls import HEADER, Reply, call
from labeling.api.http.parsers import value_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import transfer as wire
from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import ImportRun, Item, Media, User
from labeling.services.projects import members
from labeling.services.transfer import exporting, importing, pictures


class LinesParser(BaseParser):
    """Leave a body of JSON lines unread: it is streamed to a file."""

    media_type = "application/x-ndjson"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Any = None,
    ) -> dict[str, Any]:
        """Return the stream as the file."""
        return {"stream": stream}


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.read(2**16):
        yield piece


_FORM: Final = {"multipart/form-data": wire.ImportForm, LinesParser.media_type: bytes}
_LOCATION: Final = OpenApiParameter(
    "Location", str, HEADER, response=[202], description="Where its progress is."
)


class ImportsView(ProjectView):
    """Start an import."""

    allowed: ClassVar = members.ENGINEER
    parser_classes = (MultiPartParser, LinesParser)

    @call(202, raw=_FORM, headers=[_LOCATION])
    def post(
        self, slug: str, query: wire.ImportOptions, body: Mapping[str, Any]
    ) -> Reply[wire.ImportAsked]:
        """Store the file and answer 202 with where its progress is."""
        options = wire.options_of(query, body)
        name, pieces = self._file(body)
        mapping = self._mapping(options.mapping)
        user = User.objects.get(pk=self.member.user_id)
        upload = importing.stage(self.member.project, user, name, pieces)
        gold = options.gold.lower() in wire.TRUE
        run = importing.start(upload, user, mapping, {"gold": gold})
        url = f"/api/projects/{slug}/imports/{run.pk}/"
        asked = wire.ImportAsked(id=run.pk, state=run.job.state, url=url)
        return Reply(asked, headers={"Location": url})

    def _file(self, body: Mapping[str, Any]) -> tuple[str, Iterator[bytes]]:
        stream = body.get("stream")
        # Lines come as a stream; a form may have a text field of that name.
        if stream is not None and not isinstance(stream, str):
            return "items.jsonl", _pieces(stream)
        file = body.get("file")
        if file is None or isinstance(file, str):
            raise InvalidInputError(errors={"file": [_("Send a file.")]})
        return file.name, file.chunks()

    def _mapping(self, raw: str) -> dict[str, Any]:
        try:
            mapping = value_of(raw.encode())
        except (ParseError, UnicodeEncodeError):
            mapping = None
        if not isinstance(mapping, dict):
            why = _("An object: column → role.")
            raise InvalidInputError(errors={"mapping": [why]})
        return mapping


def _run_of(view: ProjectView, pk: int) -> ImportRun:
    run = (
        ImportRun.objects.select_related("job")
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
_FILES: Final = [kind.partition(";")[0] for kind in exporting.FORMATS.values()]


class ExportView(ProjectView):
    """Everything out."""

    allowed: ClassVar = members.ENGINEER

    @call(files=_FILES, headers=_PROOF)
    def get(self, slug: str, query: wire.ExportQuery) -> HttpResponseBase:
        """Send the rows of one moment as jsonl, csv or parquet, with what proves them."""
        kind, raw = query.format, query.raw == "1"
        project = self.member.project
        export = exporting.stream(project, kind, query.filters(), raw=raw)
        return FileResponse(
            export.file,
            as_attachment=True,
            filename=f"{slug}.{kind}",
            content_type=exporting.FORMATS[kind],
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
    def get(self, sha256: str, query: wire.PictureQuery) -> HttpResponseBase:
        """Answer the picture, or with ``size`` a small one; each may be kept for long.

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
        data, mime = pictures.read(media, "" if query.size is UNSET else query.size)
        return HttpResponse(
            data,
            content_type=mime,
            headers={
                "Cache-Control": "private, max-age=31536000, immutable",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )


# Below the address of a project.
urlpatterns: list[URLPattern] = [
    path("imports/", ImportsView.as_view()),
    path("imports/<int:pk>/", ImportView.as_view()),
    path("imports/<int:pk>/cancel/", ImportCancelView.as_view()),
    path("export/", ExportView.as_view()),
    path("media/<slug:sha256>/", MediaView.as_view()),
]
