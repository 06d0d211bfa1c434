"""Files in and out: imports, exports, pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.http.scope import ProjectView
from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import ImportRun, Item, Media, User
from labeling.services.projects import members
from labeling.services.transfer import exporting, importing, pictures
from labeling.templatetags.localized import localized


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
        del media_type, parser_context
        return {"stream": stream}


def import_shape(run: ImportRun) -> dict[str, Any]:
    """Return an import with its counts and bad rows."""
    return {
        "id": run.pk,
        "state": run.job.state,
        "file": run.file_name,
        "received": run.received,
        "created": run.created,
        "duplicates": run.duplicates,
        "rejected": run.rejected,
        "errors": [
            {"row": refused.row, "reason": localized(refused.reason)}
            for refused in run.refusals
        ],
        "error": localized(run.job.error),
        "evaluation_share": run.options.get("evaluation_share"),
    }


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.read(2**16):
        yield piece


@extend_schema(request=dict[str, Any], responses=dict[str, Any])
class ImportsView(ProjectView):
    """Start an import."""

    allowed: ClassVar = members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER
    parser_classes = (MultiPartParser, LinesParser)

    def post(self, request: Request, slug: str) -> Response:
        """Store the file and answer 202 with where its progress is."""
        options = {**request.query_params.dict(), **self._form(request)}
        name, pieces = self._file(request)
        mapping = self._mapping(options.get("mapping", "{}"))
        user = User.objects.get(pk=self.member.user_id)
        upload = importing.stage(self.member.project, user, name, pieces)
        gold = str(options.get("gold", "")).lower() in ("1", "true", "on")
        run = importing.start(upload, user, mapping, {"gold": gold})
        url = f"/api/projects/{slug}/imports/{run.pk}/"
        body = {"id": run.pk, "state": run.job.state, "url": url}
        return Response(body, status=202, headers={"Location": url})

    def _form(self, request: Request) -> dict[str, Any]:
        data: Any = request.data
        return {k: v for k, v in data.items() if isinstance(v, str)}

    def _file(self, request: Request) -> tuple[str, Iterator[bytes]]:
        data: Any = request.data
        if "stream" in data:
            return "items.jsonl", _pieces(data["stream"])
        file = data.get("file")
        if file is None or isinstance(file, str):
            raise InvalidInputError(errors={"file": ["Send a file."]})
        return file.name, file.chunks()

    def _mapping(self, raw: str) -> dict[str, str]:
        try:
            mapping = json.loads(raw)
        except ValueError:
            mapping = None
        if not isinstance(mapping, dict):
            raise InvalidInputError(errors={"mapping": ["An object: column → role."]})
        return mapping


def _run_of(view: ProjectView, pk: int) -> ImportRun:
    found = (
        ImportRun.objects.select_related("job")
        .filter(pk=pk, project_id=view.member.project_id)
        .first()
    )
    if found is None:
        raise NotFoundError("There is no such import in this project.")
    return found


@extend_schema(request=None, responses=dict[str, Any])
class ImportView(ProjectView):
    """One import."""

    allowed: ClassVar = members.ENGINEER

    def get(self, request: Request, slug: str, pk: int) -> Response:
        """Return state, counts and bad rows."""
        return Response(import_shape(_run_of(self, pk)))


@extend_schema(request=None, responses=dict[str, Any])
class ImportCancelView(ProjectView):
    """The end of one import."""

    allowed: ClassVar = members.ENGINEER

    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Cancel it; what it has kept stays."""
        importing.cancel(_run_of(self, pk))
        return Response(import_shape(_run_of(self, pk)))


@extend_schema(
    parameters=[
        OpenApiParameter(name, kind, OpenApiParameter.HEADER, response=True)
        for name, kind in (
            ("X-Export-At", datetime),
            ("X-Export-Rows", int),
            ("X-Export-SHA256", str),
        )
    ],
    responses={200: bytes},
)
class ExportView(ProjectView):
    """Everything out."""

    allowed: ClassVar = members.ENGINEER

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Send the rows of one moment as jsonl, csv or parquet, with what proves them."""
        query = request.query_params.dict()
        kind = query.get("format", "jsonl")
        raw = query.get("raw") == "1"
        export = exporting.stream(self.member.project, kind, query, raw=raw)
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


@extend_schema(
    parameters=[OpenApiParameter("size", int, enum=pictures.SIZES)],
    responses={200: bytes},
)
class MediaView(ProjectView):
    """A picture, for members."""

    def get(self, request: Request, slug: str, sha256: str) -> HttpResponseBase:
        """Answer the picture, or with ``size`` a small one; each may be kept for long."""
        media = Media.objects.filter(sha256=sha256).first()
        is_ours = (
            media is not None
            and Item.objects.filter(
                project_id=self.member.project_id, media=media
            ).exists()
        )
        if media is None or not is_ours:
            raise NotFoundError("There is no such picture in this project.")
        data, mime = pictures.read(media, request.query_params.get("size", ""))
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
