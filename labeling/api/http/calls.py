"""A method of a view says by its signature what it takes and what it answers.

``body`` is the JSON body and ``query`` the parameters of the address, each as a declared
type; other parameters are parts of the path, and what is returned is the answer. The
schema is made from the same signature, so that it cannot say anything else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.http.bodies import body_of, query_of

DataT_co = TypeVar("DataT_co", covariant=True)
HEADER: Final = OpenApiParameter.HEADER
_NOT_OF_THE_PATH: Final = {"self", "body", "query"}


@dataclass(frozen=True)
class Reply(Generic[DataT_co]):
    """An answer with another status than the usual one, or with headers."""

    data: DataT_co
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """What one method of a view takes and answers.

    ``body``, ``query`` and ``answer`` are types, None where there is none; ``statuses``
    are those that carry the answer, the usual one first. A body ``is_raw`` where the
    method reads it itself.
    """

    work: Callable[..., Any]
    path: frozenset[str]
    body: Any
    query: Any
    answer: Any
    statuses: Sequence[int]
    name: str
    headers: Sequence[OpenApiParameter]
    is_raw: bool

    def reply(
        self, view: APIView, value: object, path: Mapping[str, Any]
    ) -> Reply[Any]:
        """Do the work with ``value`` as its body and return the answer.

        Raises InvalidInputError where body or query are not as declared.
        """
        given = {name: path[name] for name in self.path}
        if self.body is not None:
            given["body"] = value if self.is_raw else body_of(value, self.body)
        if self.query is not None:
            given["query"] = query_of(view.request.GET, self.query)
        answer = self.work(view, **given)
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        usual = self.statuses[0]
        return Reply(reply.data, reply.status or usual, reply.headers)


Handler = Callable[..., Response]


def call(
    *statuses: int,
    name: str = "",
    body: Any = None,
    headers: Sequence[OpenApiParameter] = (),
) -> Callable[[Callable[..., Any]], Handler]:
    """Make a method with a declared body and answer answer requests.

    ``name`` is the operation's in the schema where its address does not tell it;
    ``body`` is what the schema says of a body that the method reads itself.
    """

    def declared(work: Callable[..., Any]) -> Handler:
        spec = _declared(work, statuses or (200,), name, headers, body)

        @wraps(work)
        def handler(view: APIView, request: Request, **path: Any) -> Response:
            value = None if spec.body is None else request.data
            reply = spec.reply(view, value, path)
            return Response(reply.data, reply.status, headers=dict(reply.headers))

        vars(handler)["call"] = spec
        return handler

    return declared


def call_of(view: type | APIView, method: str) -> Call | None:
    """Return what a view's method takes and answers; None where it is not declared."""
    spec: Call | None = getattr(getattr(view, method.lower(), None), "call", None)
    return spec


def _declared(
    work: Callable[..., Any],
    statuses: Sequence[int],
    name: str,
    headers: Sequence[OpenApiParameter],
    body: Any,
) -> Call:
    hints = get_type_hints(work, include_extras=True)
    answer = hints.pop("return")
    if get_origin(answer) is Reply:
        (answer,) = get_args(answer)
    return Call(
        work=work,
        path=frozenset(inspect.signature(work).parameters) - _NOT_OF_THE_PATH,
        body=body or hints.get("body"),
        query=hints.get("query"),
        answer=None if answer is type(None) else answer,
        statuses=statuses,
        name=name,
        headers=headers,
        is_raw=body is not None,
    )
