"""What can go wrong, by name; the API turns each into a problem document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from labeling.messages import Message, message, message_of, sentence


class AssayError(Exception):
    """A refusal a person can understand: ``detail`` says what, where and what to do.

    It is worded in the language of whoever is asked now; ``message`` is the same for
    whoever reads it later, when it was a worker that was refused.
    """

    code = "refused"
    status = 400
    title = _("The request was refused")

    def __init__(self, detail: Message | Promise | str = "", **extra: Any) -> None:
        self.message = message_of(detail) if detail else Message(self.title)
        self.detail = str(self.message)
        super().__init__(self.detail)
        if isinstance(errors := extra.get("errors"), dict):
            if not detail and (parts := list(_parts(errors))):
                self.message = reduce(_together, parts)
            extra["errors"] = _in_words(errors)
        self.extra: dict[str, Any] = extra

    @property
    def by_field(self) -> dict[str, list[str]]:
        """What is wrong with which field; empty where no field is to blame."""
        errors = self.extra.get("errors")
        return errors if isinstance(errors, dict) else {}


def _together(before: Message, after: Message) -> Message:
    return message("%(before)s %(after)s", before=before, after=after)


def _parts(errors: object) -> Iterator[Message]:
    """Yield what is wrong, each with its field."""
    if isinstance(errors, dict):
        for name, reasons in errors.items():
            for why in _parts(reasons):
                yield message("%(field)s: %(why)s", field=str(name), why=why)
    elif isinstance(errors, list | tuple):
        for reason in errors:
            yield from _parts(reason)
    else:
        yield message_of(errors)


def _in_words(errors: object) -> Any:
    """Return the same errors in plain words, as JSON takes them."""
    if isinstance(errors, dict):
        return {name: _in_words(reasons) for name, reasons in errors.items()}
    if isinstance(errors, list | tuple):
        return [_in_words(reason) for reason in errors]
    return str(errors)


class InvalidInputError(AssayError):
    """A value is not allowed; ``errors`` names the fields."""

    code = "invalid"
    title = _("Some values are not valid")


def check_one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    """Raise InvalidInputError, naming the field, unless its value is an allowed one."""
    if value not in (values := list(allowed)):
        why = sentence("One of %(values)s.") % {"values": ", ".join(values)}
        raise InvalidInputError(errors={name: [why]})


def check_text(name: str, text: str, most: int) -> None:
    """Raise InvalidInputError, naming the field, for a text that could not be kept whole."""
    if len(text) > most or "\x00" in text:
        why = sentence("A text of at most %(most)s characters, without NUL.")
        raise InvalidInputError(errors={name: [why % {"most": most}]})


class ForbiddenError(AssayError):
    """The person's role does not allow this."""

    code = "forbidden"
    status = 403
    title = _("Your role does not allow this")


class NotFoundError(AssayError):
    """There is no such thing, or not for this person."""

    code = "not_found"
    status = 404
    title = _("Not found")


def no_project() -> NotFoundError:
    """Return the refusal for a project that is gone, or none of the person's."""
    return NotFoundError(
        sentence("There is no such project, or you are not a member of it.")
    )


class ConflictError(AssayError):
    """The state of things does not allow this now."""

    code = "conflict"
    status = 409
    title = _("This is not possible in the present state")


class ResolvedMeanwhileError(ConflictError):
    """Somebody else decided it first; ``labels`` and ``outcome`` say how."""

    code = "resolved_meanwhile"
    title = _("It was resolved meanwhile")


class GoneError(AssayError):
    """It was there and has ended."""

    code = "gone"
    status = 410
    title = _("This is over")


class LeaseLostError(ConflictError):
    """The lease ended and the slot is taken; the answer is kept in the history."""

    code = "lease_lost"
    title = _("Someone else has answered this item meanwhile")


class StaleVersionError(AssayError):
    """The thing was changed since it was read."""

    code = "stale_version"
    status = 412
    title = _("It was changed meanwhile; read it again")


class ReplayMismatchError(AssayError):
    """The same ``client_id`` came with another body."""

    code = "client_id_reused"
    status = 422
    title = _("This client_id was used for another answer")


class TooLargeError(AssayError):
    """A body or file is above its limit."""

    code = "too_large"
    status = 413
    title = _("Too large")


class TakesTooLongError(AssayError):
    """It would have slowed everybody's work, and was given up."""

    code = "takes_too_long"
    status = 503
    title = _("This takes too long")


class TooManyAttemptsError(AssayError):
    """A password or token was wrong too often: wait ``seconds`` before the next."""

    code = "too_many_attempts"
    status = 429
    title = _("Wait a moment before you try again")

    def __init__(self, seconds: int) -> None:
        self.seconds = max(seconds, 1)
        super().__init__(
            message(
                "Too many attempts have failed. Try again in %(seconds)s seconds.",
                seconds=self.seconds,
            )
        )


class DamagedFileError(ConflictError):
    """A file of the server is not the one that was written, or is gone."""

    code = "damaged_file"
    title = _("A file of the server is damaged")


class NoSpaceError(AssayError):
    """The server's disk does not take a file."""

    code = "no_space"
    status = 507
    title = _("There is no room for this on the server")


# Every kind of refusal; the schema of the API names their codes.
KINDS: Final = (
    AssayError,
    InvalidInputError,
    ForbiddenError,
    NotFoundError,
    ConflictError,
    ResolvedMeanwhileError,
    GoneError,
    LeaseLostError,
    StaleVersionError,
    ReplayMismatchError,
    TooLargeError,
    TakesTooLongError,
    TooManyAttemptsError,
    DamagedFileError,
    NoSpaceError,
)
