"""The OpenAPI schema, made from the declared types of bodies, queries and replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from msgspec.json import schema_components

from labeling.api.http import problems
from labeling.api.http.calls import Call, call_of
from labeling.api.http.fields import Body, ReplyData, about

_REFERENCE: Final = "#/components/schemas/{name}"
# What another tool reads: most of them a list, COCO an object.
_ToolFile = list[Any] | Annotated[dict[str, Any], about("As the tool has it.")]
# What parts of an address are: with anything else there is no such address.
_PARTS: Final[dict[str, dict[str, Any]]] = {
    "slug": {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$"},
    "id": {"type": "integer", "minimum": 1},
    "number": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "before": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}
_PAGE: Final = re.compile(r"\bPage_(\w+)_\b")


class DeclaredSchema(AutoSchema):
    """Tell of a call what the signature of its method says."""

    @property
    def _call(self) -> Call | None:
        return call_of(self.view, self.method)

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return what the schema says of one method of one address."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation and self._call and "requestBody" in operation:
            operation["requestBody"]["required"] = self._has_required_fields()
        for parameter in (operation or {}).get("parameters", []):
            if parameter["in"] == "path" and parameter["name"] in _PARTS:
                parameter["schema"] = dict(_PARTS[parameter["name"]])
        return operation

    def _has_required_fields(self) -> bool:
        body = self._call.body if self._call else None
        if isinstance(body, dict):
            return True
        try:
            msgspec.convert({}, body)
        except msgspec.ValidationError:
            return True
        return False

    def get_operation_id(self) -> str:
        """Return the name of a call, as generated clients have it."""
        if self._call and self._call.name:
            return self._call.name
        name: str = super().get_operation_id()
        return name

    def get_description(self, *args: Any) -> str:
        """Return what a call does; what it refuses stands among its replies."""
        description: str = super().get_description(*args)
        return description.partition("\n\nRaises ")[0]

    def get_override_parameters(self) -> list[Any]:
        """Return the parameters of the address, and the headers."""
        if (spec := self._call) is None:
            return list(super().get_override_parameters())
        return [
            *spec.headers,
            *(parameter for kind in spec.queries for parameter in self._query(kind)),
            *self._path(spec),
        ]

    def _path(self, spec: Call) -> Iterator[OpenApiParameter]:
        """Yield the parts of the path whose type says more than its converter."""
        for name, kind in sorted(spec.path.items()):
            if get_origin(kind) is Annotated:
                (shown,), _ = schema_components([kind], ref_template=_REFERENCE)
                about = shown.pop("description", "")
                yield OpenApiParameter(
                    name,
                    _tidy(shown),
                    OpenApiParameter.PATH,
                    required=True,
                    description=about,
                )

    def _query(self, kind: type[msgspec.Struct]) -> Iterator[OpenApiParameter]:
        (_,), components = schema_components([kind], ref_template=_REFERENCE)
        shown = components[kind.__name__]
        for name, field in shown["properties"].items():
            about = field.pop("description", "")
            is_required = name in shown.get("required", ())
            yield OpenApiParameter(
                name, _tidy(field), required=is_required, description=about
            )

    def get_request_serializer(self) -> Any:
        """Return the body by media type."""
        if (spec := self._call) is None:
            return super().get_request_serializer()
        if spec.body is None:
            return None
        if isinstance(spec.body, dict):
            return {media: self._shown(body) for media, body in spec.body.items()}
        return dict.fromkeys(self.map_parsers(), self._shown(spec.body))

    def get_response_serializers(self) -> Any:
        """Return the reply by status, and how refusals look."""
        if (spec := self._call) is None:
            return super().get_response_serializers()
        refusal = OpenApiResponse(self._shown(problems.Problem), "Why it is refused.")
        refused = {("default", problems.CONTENT_TYPE): refusal}
        if spec.files:
            file = OpenApiResponse(OpenApiTypes.BINARY, "The file.")
            value = OpenApiResponse(self._shown(_ToolFile), "The file.")
            files = {
                (200, kind): value if kind == "application/json" else file
                for kind in spec.files
            }
            return {**files, **refused}
        shown = None if spec.returned is None else self._shown(spec.returned)
        reply = OpenApiResponse(shown, self._about(spec.returned))
        return {**dict.fromkeys(spec.statuses, reply), **refused}

    def _about(self, returned: Any) -> str:
        if returned is None:
            return "Done."
        docs = [
            getattr(kind, "__doc__", "") for kind in (returned, *get_args(returned))
        ]
        return next((str(doc) for doc in docs if doc), "")

    def _shown(self, kind: Any) -> Any:
        """Return what the schema says of a type, and keep the types that it names."""
        if isinstance(kind, type) and issubclass(kind, Body | ReplyData):
            kind = kind.declared()
        if kind is bytes:
            return {"type": "string", "format": "binary"}
        if get_origin(kind) in (UnionType, Union):
            return {"anyOf": [self._shown(choice) for choice in get_args(kind)]}
        (shown,), components = schema_components([kind], ref_template=_REFERENCE)
        for name, schema in components.items():
            named = _PAGE.sub(r"\1Page", name)
            component = ResolvedComponent(
                name=named,
                type=ResolvedComponent.SCHEMA,
                object=named,
                schema=_tidy(schema),
            )
            self.registry.register_on_missing(component)
        return _tidy(shown)


def _tidy(schema: Any) -> Any:
    """Leave out what says a thing twice."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if isinstance(schema, str):
        return _PAGE.sub(r"\1Page", schema)
    if not isinstance(schema, dict):
        return schema
    twice = {"title"} if isinstance(schema.get("title"), str) else set()
    if "enum" in schema:
        twice.add("pattern")
    if schema.get("items") is False:
        twice.add("items")  # after "prefixItems", the length says it
    tidy = {name: _tidy(part) for name, part in schema.items() if name not in twice}
    if tidy.get("type") == "object" and "properties" not in tidy:
        tidy.setdefault("additionalProperties", True)
    return tidy
