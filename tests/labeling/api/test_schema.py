"""The schema says every field of every body and answer, and it is what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from activelearn.services.judging import judgments
from activelearn.services.training import retrain
from labeling.api.http.calls import call_of
from labeling.api.http.fields import literals
from labeling.errors import AssayError
from labeling.models import Assignment
from labeling.models.project import MAX_LABELS
from labeling.services.experts import doubts
from labeling.services.queue import allowance
from labeling.services.queue.reasons import WhyNothing
from labeling.services.votes import submit
from tests import openapi
from tools.schema import schema

METHODS = ("get", "post", "put", "patch", "delete")


def views(patterns: Any) -> Iterator[type[APIView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern):
            kind = getattr(pattern.callback, "cls", None)
            if kind and kind.__module__.split(".")[0] in ("labeling", "activelearn"):
                yield kind


def test_every_call_declares_what_it_takes_and_answers() -> None:
    known = set(views(get_resolver().url_patterns))
    bare = [
        f"{kind.__name__}.{method}"
        for kind in known
        for method in METHODS
        if hasattr(kind, method) and call_of(kind, method) is None
    ]

    assert len(known) > 30
    assert bare == []


def has_limits(shown: Any) -> bool:
    """Whether a schema says how long or how large a value may be."""
    if schemas := shown.get("anyOf") or shown.get("oneOf"):
        return all(map(has_limits, schemas))
    kind = shown.get("type")
    if kind == "array":
        return "maxItems" in shown and has_limits(shown["items"])
    # Null and booleans have none; an object has a schema of its own, or is data.
    return kind in ("null", "boolean", "object") or bool(
        shown.keys()
        & {"$ref", "enum", "const", "pattern", "format", "maxLength", "maximum"}
    )


def parts_of(shown: Any, every: dict[str, Any]) -> set[str]:
    """Return the schemas that a part of the document is made of."""
    named = {
        place["$ref"].rpartition("/")[2]
        for _, place in objects(shown)
        if "$ref" in place
    }
    return named.union(*(parts_of(every[name], every) for name in named))


def test_every_field_of_a_body_has_its_limits() -> None:
    every = openapi.document()["components"]["schemas"]
    bodies = set[str]().union(
        *(
            parts_of(operation["requestBody"], every)
            for _, _, operation in openapi.operations()
            if "requestBody" in operation
        )
    )
    bare = [
        f"{name}.{field}"
        for name in sorted(bodies)
        for field, shown in every[name].get("properties", {}).items()
        if not has_limits(shown)
    ]

    assert len(bodies) > 20
    # The caller's own number for an item: any that JSON's readers keep.
    assert bare == ["PredictItem.id"]


def objects(shown: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema in a part of the document, with its place."""
    if isinstance(shown, list):
        for place, part in enumerate(shown):
            yield from objects(part, f"{where}/{place}")
    elif isinstance(shown, dict):
        yield where, shown
        for name, part in shown.items():
            yield from objects(part, f"{where}/{name}")


def bare_objects(shown: Any) -> list[str]:
    """Return the places of objects whose fields nobody knows, and of empty schemas."""
    places = []
    for where, shown_ in objects(shown):
        is_free = shown_.get("additionalProperties") and shown_.get("description")
        is_object = shown_.get("type") == "object"
        if is_object and not (shown_.get("properties") or is_free):
            places.append(where)
        if where.endswith("/schema") and not shown_:
            places.append(where)
    return places


def free_objects(shown: Any) -> set[str]:
    """Return the places of objects whose fields are anybody's."""
    return {
        where
        for where, part in objects(shown)
        if part.get("additionalProperties") is True
    }


def test_only_what_people_bring_along_has_fields_of_its_own() -> None:
    schemas = openapi.document()["components"]["schemas"]

    free = {"/".join(place.split("/")[1:4:2]) for place in free_objects(schemas)}
    # A row's own columns, as they were given.
    assert free == {
        *("Item/data", "Item/metadata", "ItemRow/data", "ItemRow/metadata"),
        *("PredictItem/data", "ImportPreview/rows", "FeedbackBody/data"),
    }


def test_no_object_of_the_schema_is_bare() -> None:
    whole = openapi.document()

    assert bare_objects(whole["paths"]) == []
    assert bare_objects(whole["components"]["schemas"]) == []


@pytest.mark.parametrize(
    "shown",
    [{"type": "object"}, {"type": "object", "additionalProperties": True}],
)
def test_a_bare_object_would_be_found(shown: dict[str, Any]) -> None:
    assert bare_objects({"schema": {"items": shown}}) == ["/schema/items"]


def test_every_field_of_a_component_has_a_type() -> None:
    typeless = [
        f"{name}.{field}"
        for name, shown in openapi.document()["components"]["schemas"].items()
        for field, about in shown.get("properties", {}).items()
        if not about.keys() & {"type", "$ref", "anyOf", "allOf", "enum"}
    ]

    assert typeless == []


def test_limits_of_lists_are_told() -> None:
    whole = openapi.document()
    vote = whole["paths"]["/api/projects/{slug}/annotations/"]["post"]
    body = vote["requestBody"]["content"]["application/json"]["schema"]
    (batch,) = (choice for choice in body["anyOf"] if choice.get("type") == "array")
    labels = whole["components"]["schemas"]["ProjectBody"]["properties"]["labels"]

    assert batch["maxItems"] == submit.MAX_BATCH
    assert (labels["minItems"], labels["maxItems"]) == (1, MAX_LABELS)


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every field of every component, as ``Component.field``."""
    for name, shown in openapi.document()["components"]["schemas"].items():
        for field, about in shown.get("properties", {}).items():
            yield f"{name}.{field}", about


def test_every_moment_is_told_as_one() -> None:
    moments = [(name, about) for name, about in properties() if name.endswith("_at")]

    assert len(moments) > 20
    assert [name for name, about in moments if "date-time" not in str(about)] == []


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("Lease.reason", [*literals(WhyNothing)]),
        ("GridPage.reason", [*literals(WhyNothing), "no_suggestions"]),
        ("Passed.state", Assignment.State.values),
        ("Decided.outcome", ["resolved", "ambiguous", "invalid"]),
        ("Together.outcome", ["resolved", "ambiguous", "invalid"]),
        ("Model.verdict", literals(judgments.JudgmentVerdict)),
        ("Evaluation.verdict", literals(judgments.JudgmentVerdict)),
        ("TrainingRun.verdict", ["", *literals(retrain.RunVerdict)]),
    ],
)
def test_a_field_with_few_values_names_them(field: str, values: list[str]) -> None:
    about = dict(properties())[field]
    named = [shown["enum"] for _, shown in objects(about) if "enum" in shown]

    assert named == [values]


def test_every_kind_of_refusal_has_its_code_in_the_schema() -> None:
    codes = set(dict(properties())["Problem.code"]["enum"])
    kinds: list[Any] = [AssayError, APIException]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = {kind.code for kind in kinds if issubclass(kind, AssayError)}
    theirs = {
        kind.default_code
        for kind in kinds
        if kind.__module__ == "rest_framework.exceptions"
    }

    outside = {"try_again", "bad_request", "failed"}
    assert ours | theirs | outside == codes


def test_no_pattern_of_the_schema_is_anchored_in_parts() -> None:
    patterns = [
        shown["pattern"]
        for _, shown in objects(openapi.document())
        if isinstance(shown.get("pattern"), str)
    ]

    assert [text for text in patterns if re.search(r"^\^[^(]*\|", text)] == []


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (
            "/api/projects/{slug}/models/{number}/{action}/",
            ["promote", "rollback", "archive"],
        ),
        ("/api/projects/{slug}/doubts/{which}/", list(doubts.NAMES)),
    ],
)
def test_a_part_of_an_address_names_its_values(path: str, values: list[str]) -> None:
    (operation, *_) = openapi.document()["paths"][path].values()
    named = [parameter["schema"].get("enum") for parameter in operation["parameters"]]

    assert values in named


def test_a_lease_takes_no_more_names_than_may_be_lent() -> None:
    about = dict(properties())["LeaseBody.items"]

    assert [
        shown["maxItems"] for _, shown in objects(about) if "maxItems" in shown
    ] == [allowance.MAX_COUNT]


def test_every_field_says_what_it_means() -> None:
    silent = [
        name
        for name, about in properties()
        if not any("description" in shown for shown in [about, *about.get("anyOf", ())])
    ]

    assert silent == []


def test_every_call_with_a_body_says_which_and_what_refusals_look_like() -> None:
    for path, method, operation in openapi.operations():
        if path == "/api/schema/":
            continue
        told = operation["responses"]
        refusal = told["default"]["content"]["application/problem+json"]["schema"]
        assert refusal == {"$ref": "#/components/schemas/Problem"}, (path, method)
        assert any(code.startswith("2") for code in told), (path, method)


def test_every_list_says_how_it_is_paged() -> None:
    components = openapi.document()["components"]["schemas"].items()
    paged = [
        name
        for name, component in components
        if "next" in component.get("properties", {})
    ]
    pages = [
        {parameter["name"] for parameter in operation.get("parameters", [])}
        for _, _, operation in openapi.operations()
        if any(f"/{name}'" in str(operation["responses"]) for name in paged)
    ]

    assert len(pages) >= 10
    assert all(names >= {"cursor", "limit"} for names in pages)


def test_the_schema_is_the_one_that_was_looked_at() -> None:
    assert schema().decode() == openapi.snapshot(), "look at it: python -m tools.schema"
