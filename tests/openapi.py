"""The API's schema as tests read it: which call a request is, and what it may answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tools.schema import SNAPSHOT, schema

_ROOT = "urn:openapi"


@cache
def document() -> dict[str, Any]:
    """The schema as the server answers it."""
    read: dict[str, Any] = yaml.safe_load(schema())
    return read


def snapshot() -> str:
    return SNAPSHOT.read_text()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of every call."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation of a request; a path without parameters goes first."""
    plain = path.partition("?")[0]
    matches = [
        (template.count("{"), operation)
        for template, known, operation in operations()
        if known == method.lower() and _pattern(template).fullmatch(plain)
    ]
    return min(matches, key=lambda match: match[0])[1] if matches else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", template)
    return re.compile("[^/]+".join(map(re.escape, parts)))


@cache
def _registry() -> Registry[Any]:
    whole = DRAFT202012.create_resource(document())
    return Registry().with_resource(_ROOT, whole)


def faults(value: object, shown: dict[str, Any]) -> list[str]:
    """Return how a value differs from what the schema says."""
    absolute = _absolute(shown)
    validator = Draft202012Validator(absolute, registry=_registry())
    return [
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)
    ]


def _absolute(shown: Any) -> Any:
    if isinstance(shown, list):
        return [_absolute(part) for part in shown]
    if not isinstance(shown, dict):
        return shown
    return {
        name: _ROOT + part
        if name == "$ref" and part.startswith("#")
        else _absolute(part)
        for name, part in shown.items()
    }


def answer_faults(method: str, path: str, answer: Any) -> list[str]:
    """Return how an answer differs from what the schema says of its call."""
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {path} is not in the schema"]
    declared = operation["responses"]
    declared = declared.get(str(answer.status_code)) or declared["default"]
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if "content" not in declared:
        return (
            [] if not answer.content else [f"{answer.content!r} where nothing is told"]
        )
    if kind not in declared["content"]:
        return [f"{answer.status_code} {kind} is none of {list(declared['content'])}"]
    shown = declared["content"][kind]["schema"]
    return [] if shown.get("format") == "binary" else faults(answer.json(), shown)


def body_faults(method: str, path: str, body: object) -> list[str]:
    """Return how a JSON body differs from what the schema says of its call."""
    operation = operation_of(method, path)
    if operation is None or "requestBody" not in operation:
        return []
    return faults(
        body, operation["requestBody"]["content"]["application/json"]["schema"]
    )
