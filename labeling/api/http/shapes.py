"""How things look in JSON, and how bodies are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from uuid import UUID

from labeling.errors import InvalidInputError
from labeling.models import Annotation, Assignment, Disagreement, Item, Project
from labeling.services.votes import submit, suggestions

MAX_NAMES: Final = 1000


def body_of(data: object) -> Mapping[str, Any]:
    """Return the body as an object; an empty body is an empty object."""
    if data in (None, ""):
        return {}
    if not isinstance(data, Mapping):
        raise InvalidInputError("The body must be a JSON object.")
    return data


def refuse_others(data: object, known: Collection[str]) -> None:
    """Raise InvalidInputError where the body names a field that is not known."""
    if unknown := sorted(set(body_of(data)).difference(known)):
        raise InvalidInputError(
            errors={name: ["Not something to change here."] for name in unknown}
        )


def text_in(body: Mapping[str, Any], name: str, *, most: int = 5000) -> str:
    """Return a text field of the body; a missing one is empty."""
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > most:
        raise InvalidInputError(
            errors={name: [f"A text of at most {most} characters."]}
        )
    return value


def labels_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of a body: ``labels`` as a list, or one ``label``."""
    if "label" in body and "labels" not in body:
        body = {"labels": [body["label"]]}
    return names_in(body, "labels")


def names_in(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of names; a missing one is an error."""
    why = f"A list of at most {MAX_NAMES} names."
    return tuple(_list_in(body, name, lambda one: isinstance(one, str), MAX_NAMES, why))


def whole_in(body: Mapping[str, Any], name: str, default: int) -> int:
    """Return a field that is a whole number."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInputError(errors={name: ["A whole number."]})
    return value


def yes_or_no_in(body: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """Return a field that is true or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise InvalidInputError(errors={name: ["true or false."]})
    return value


def numbers_in(
    body: Mapping[str, Any], name: str, *, most: int, default: list[int] | None = None
) -> list[int]:
    """Return a list of ids; a missing one is ``default``, or an error."""
    body = body if default is None else {name: default, **body}
    return _list_in(body, name, _is_id, most, f"A list of at most {most} ids.")


def id_in(body: Mapping[str, Any], name: str) -> int:
    """Return a field that is an id; a missing one is an error."""
    value = body.get(name)
    if not _is_id(value):
        raise InvalidInputError(errors={name: ["An id."]})
    return int(str(value))


def _list_in(
    body: Mapping[str, Any],
    name: str,
    is_one: Callable[[object], bool],
    most: int,
    why: str,
) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or len(value) > most or not all(map(is_one, value)):
        raise InvalidInputError(errors={name: [why]})
    return value


def _is_id(value: object) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 0 < int(str(value)) < 2**63


def vote_in(data: object) -> submit.Vote:
    """Read a vote; a wrong value names its field."""
    body = body_of(data)
    errors: dict[str, list[str]] = {}
    assignment = body.get("assignment")
    if not isinstance(assignment, int) or isinstance(assignment, bool):
        errors["assignment"] = ["The number of one of your assignments."]
    seconds = body.get("seconds")
    if seconds is not None and not _is_duration(seconds):
        errors["seconds"] = ["A number from 0 to 86400."]
    screen = body.get("screen") or ""
    if screen not in ("", *Annotation.Screen.values):
        errors["screen"] = [f"One of {', '.join(Annotation.Screen.values)}, or none."]
    client_id = _uuid(body.get("client_id"))
    if client_id is None:
        errors["client_id"] = ["A UUID that you make for this answer."]
    if errors or client_id is None or not isinstance(assignment, int):
        raise InvalidInputError(errors=errors)
    return submit.Vote(
        assignment=assignment,
        labels=labels_in(body),
        client_id=client_id,
        seconds=seconds,
        comment=text_in(body, "comment", most=submit.MAX_COMMENT),
        is_unsure=body.get("is_unsure") is True,
        screen=screen,
    )


def _is_duration(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= float(str(value)) <= 86400


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def media_url(slug: str, item: Item) -> str | None:
    """Return where an item's image is, for members."""
    if item.media is None:
        return None
    return f"/api/projects/{slug}/media/{item.media.sha256}/"


def item_shape(slug: str, item: Item) -> dict[str, Any]:
    """Return what a labeler may see of an item: nothing that tells why it is asked."""
    return {
        "id": item.pk,
        "external_id": item.external_id,
        "data": item.data,
        "media_url": media_url(slug, item),
        "metadata": item.metadata,
    }


def item_for_experts(slug: str, item: Item) -> dict[str, Any]:
    """Return an item that an expert answers blind: no vote, label or prediction."""
    return {
        "item": item_shape(slug, item),
        "is_evaluation": item.split == Item.Split.EVALUATION,
    }


def disagreement_shape(slug: str, one: Disagreement) -> dict[str, Any]:
    """Return a disagreement without its votes."""
    return {
        "id": one.pk,
        **item_for_experts(slug, one.item),
        "opened_at": one.opened_at,
    }


def lease_shape(project: Project, one: Assignment) -> dict[str, Any]:
    """Return what is lent, with the suggestion that may be shown beside it."""
    shown = suggestions.shown(project, one)
    return assignment_shape(project.slug, one, shown)


def assignment_shape(
    slug: str, one: Assignment, suggestion: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a lease as the station reads it."""
    return {
        "assignment": one.pk,
        "expires_at": one.expires_at,
        "item": item_shape(slug, one.item),
        "suggestion": suggestion,
    }


def annotation_shape(
    vote: Annotation, revealed: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return one's own vote, and what is revealed of the model's answer after it."""
    return {
        "id": vote.pk,
        "assignment": vote.assignment_id,
        "item": vote.item_id,
        "labels": vote.labels,
        "client_id": str(vote.client_id),
        "seconds": vote.seconds,
        "comment": vote.comment,
        "is_unsure": vote.is_unsure,
        "version": vote.version,
        "created_at": vote.created_at,
        "updated_at": vote.updated_at,
        "revealed": revealed,
    }
