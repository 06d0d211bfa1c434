"""A method of a view says by its signature what it takes and what it returns.

``body`` is the JSON body and ``query`` the parameters of the address, each as a declared
type; other parameters are parts of the path, and what it returns is the body of the reply. The
schema is made from the same signature, so that it cannot say anything else. Parameters of the
address that are not declared are refused: a filter with a slip in its name would be left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.http.bodies import body_of, check_query, query_of
from labeling.api.http.fields import Body
from labeling.api.http.pagination import Page, PageQuery

DataT_co = TypeVar("DataT_co", covariant=True)
HEADER: Final = OpenApiParameter.HEADER
# Of an answer that tells a secret.
UNKEPT: Final = OpenApiParameter(
    "Cache-Control", str, HEADER, response=[201], description="`no-store`."
)
_NOT_OF_THE_PATH: Final = {"self", "body", "query"}


@dataclass(frozen=True)
class Reply(Generic[DataT_co]):
    """A reply with another status than the usual one, or with headers."""

    data: DataT_co
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """What one method of a view takes and returns.

    ``statuses`` are those of a reply with its body, the usual one first; ``raw`` is what
    the schema says of a body that the method reads itself, by media type where they
    differ; ``files`` are the media types of a reply that is no JSON. ``body``,
    ``query`` and ``returned`` are types, and ``path`` has one by name, None where there is none.
    ``queries`` are all types whose fields an address may have, those of a list's pages too.
    """

    method: Callable[..., Any]
    statuses: Sequence[int]
    name: str
    raw: Any
    headers: Sequence[OpenApiParameter]
    files: Sequence[str]
    path: Mapping[str, Any] = field(init=False)
    body: Any = field(init=False)
    query: Any = field(init=False)
    returned: Any = field(init=False)
    queries: Sequence[type[Body]] = field(init=False)

    def __post_init__(self) -> None:
        """Read the signature of the method."""
        hints = get_type_hints(self.method, include_extras=True)
        names = frozenset(inspect.signature(self.method).parameters)
        returned = hints["return"]
        if get_origin(returned) is Reply:
            (returned,) = get_args(returned)
        self.path = {name: hints[name] for name in names - _NOT_OF_THE_PATH}
        self.body = self.raw or hints.get("body")
        self.query = hints.get("query")
        self.returned = None if returned is type(None) else returned
        pages = [PageQuery] if get_origin(returned) is Page else []
        self.queries = [*pages, *([self.query] if self.query else [])]

    def reply(self, view: APIView, value: object, path: Mapping[str, Any]) -> Any:
        """Call the method with ``value`` as its body; return a Reply, or a file.

        Raises InvalidInputError where body or query are not as declared.
        """
        if view.request.META.get("QUERY_STRING"):
            check_query(view.request.GET, self.queries)
        given = {name: path[name] for name in self.path}
        if self.body is not None:
            given["body"] = value if self.raw else body_of(value, self.body)
        if self.query is not None:
            given["query"] = query_of(view.request.GET, self.query)
        returned = self.method(view, **given)
        if isinstance(returned, HttpResponseBase):
            return returned
        reply = returned if isinstance(returned, Reply) else Reply(returned)
        usual = self.statuses[0]
        return Reply(reply.data, reply.status or usual, reply.headers)


ViewHandler = Callable[..., HttpResponseBase]


def call(
    *statuses: int,
    name: str = "",
    raw: Any = None,
    headers: Sequence[OpenApiParameter] = (),
    files: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], ViewHandler]:
    """Make a method that declares its body and its reply a handler of requests.

    ``name`` is the operation's in the schema where its address does not tell it.
    """

    def declared(method: Callable[..., Any]) -> ViewHandler:
        spec = Call(method, statuses or (200,), name, raw, headers, files)

        @wraps(method)
        def handler(view: APIView, request: Request, **path: Any) -> HttpResponseBase:
            value = None if spec.body is None else request.data
            reply = spec.reply(view, value, path)
            if isinstance(reply, HttpResponseBase):
                return reply
            return Response(reply.data, reply.status, headers=dict(reply.headers))

        vars(handler)["call"] = spec
        return handler

    return declared


def call_of(view: type | APIView, method: str) -> Call | None:
    """Return what a view's method takes and returns; None where it is not declared."""
    spec: Call | None = getattr(getattr(view, method.lower(), None), "call", None)
    return spec
