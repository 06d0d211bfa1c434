"""What is sent becomes a declared type, or is refused field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from msgspec import inspect, structs
from rest_framework.exceptions import ValidationError
from rest_framework.fields import BooleanField, FloatField, IntegerField

from labeling.api.http.fields import Body
from labeling.errors import InvalidInputError

Declared = TypeVar("Declared", bound=Body)
# Where a fault stands that is of no one field.
NO_FIELD: Final = "non_field_errors"


def body_of(value: object, kind: type[Declared]) -> Declared:
    """Return a JSON value as a declared type.

    Raises InvalidInputError, which says of each wrong field what it takes.
    """
    kind = kind.declared()
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return _eased(value, kind, strict=True)


def check_query(query: QueryDict, kinds: Iterable[type[Body]]) -> None:
    """Look whether an address has each parameter once, and none that the types lack.

    Raises InvalidInputError, which lists those that there are.
    """
    known = [field.encode_name for kind in kinds for field in structs.fields(kind)]
    unknown = (
        _("There is no such parameter; those of this call: %(names)s.")
        % {"names": ", ".join(known)}
        if known
        else _("There is no such parameter: this call has none.")
    )
    faults = {name: [unknown] for name in sorted(query.keys() - {*known})}
    # The last one would be taken, and the others left out without a word.
    twice = [_("One value: it came more than once.")]
    faults |= {name: twice for name in known if len(query.getlist(name)) > 1}
    if faults:
        raise InvalidInputError(errors=faults)


def query_of(query: QueryDict, kind: type[Declared]) -> Declared:
    """Return the parameters of an address as a declared type; empty ones are left out.

    Raises InvalidInputError, which says of each wrong parameter what it takes.
    """
    values = {
        name: value
        for name, value in query.dict().items()
        if value or name in kind.may_be_wrong_empty
    }
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError:
        return _eased(values, kind, strict=False)


def _eased(value: object, kind: type[Declared], *, strict: bool) -> Declared:
    """Return a value that does not fit as it is as a declared type.

    Raises InvalidInputError, which says of each wrong field what it takes.
    """
    if not isinstance(value, Mapping):
        raise InvalidInputError(_("The body must be a JSON object."))
    eased = kind.eased(value)
    if kind.is_lax:
        eased |= _unquoted(eased, kind)
    try:
        return msgspec.convert(eased, kind, strict=strict)
    except msgspec.ValidationError as error:
        faults = dict(_faults(eased, kind, strict=strict))
        raise InvalidInputError(errors=faults) from error


def _unquoted(value: Mapping[str, Any], kind: type[Body]) -> dict[str, Any]:
    """Return the numbers and booleans of a body, also of those that are in quotes."""
    read: dict[str, Any] = {}
    for field in structs.fields(kind):
        reader = _LAX.get(type(_plain(inspect.type_info(field.type))))
        sent = value.get(field.encode_name)
        if reader is not None and sent is not None:
            with suppress(ValidationError):
                read[field.encode_name] = reader.to_internal_value(sent)
    return read


def _faults(
    value: Mapping[str, Any], kind: type[Body], *, strict: bool
) -> Iterator[tuple[str, Any]]:
    """Yield the name of each wrong field with what it takes.

    The library's own errors tell of the first fault alone, and in English.
    """
    declared = inspect.type_info(kind)
    known = {field.encode_name for field in structs.fields(kind)}
    for field, shown in zip(structs.fields(kind), declared.fields, strict=True):  # type: ignore[attr-defined]
        name = field.encode_name
        if name not in value:
            if field.required:
                yield name, [_words(shown.type)]
            continue
        try:
            msgspec.convert(value[name], field.type, strict=strict)
        except msgspec.ValidationError:
            inside = _inside(value[name], shown.type)
            yield name, inside or [_words(shown.type)]
    if declared.forbid_unknown_fields:  # type: ignore[attr-defined]
        for name in sorted(value.keys() - known):
            yield name, [_(kind.unknown)]


def _inside(value: object, kind: inspect.Type) -> dict[str, Any]:
    """Return the faults by place of the wrong entries of a list of objects."""
    plain = _plain(kind)
    if not (isinstance(plain, inspect.ListType) and isinstance(value, list)):
        return {}
    entry = _plain(plain.item_type)
    if not (isinstance(entry, inspect.StructType) and issubclass(entry.cls, Body)):
        return {}
    faults = {
        str(place): dict(_faults(part, entry.cls, strict=True))
        if isinstance(part, dict)
        else {NO_FIELD: [_("An object.")]}
        for place, part in enumerate(value)
    }
    return {place: wrong for place, wrong in faults.items() if wrong}


def _plain(kind: inspect.Type) -> inspect.Type:
    """Return a type without what is said of it, and without "or null"."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        types = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return _plain(types[0]) if len(types) == 1 else kind
    return kind


def _words(kind: inspect.Type) -> str:
    """Say what a field takes, in the language of the request."""
    notes: dict[str, Any] = {}
    for layer in _layers(kind):
        if isinstance(layer, inspect.Metadata):
            notes |= layer.extra or {}
    if "words" in notes:
        words: str = notes["words"]
        return _(words)
    if "one_of" in notes:
        return _("One of %(values)s.") % {"values": notes["one_of"]}
    plain = _plain(kind)
    return _WORDS.get(type(plain), _any_words)(plain)


def _layers(kind: inspect.Type) -> Iterator[inspect.Type]:
    yield kind
    if isinstance(kind, inspect.Metadata):
        yield from _layers(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for choice in kind.types:
            yield from _layers(choice)


def _number_words(kind: Any) -> str:
    is_whole = isinstance(kind, inspect.IntType)
    limits = {"least": kind.ge, "most": kind.le}
    if kind.ge is None:
        return _("A whole number.") if is_whole else _("A number.")
    if kind.le is None or kind.le >= 2**53:
        sentence = _("A whole number, at least %(least)s.")
        return (sentence if is_whole else _("A number, at least %(least)s.")) % limits
    sentence = _("A whole number from %(least)s to %(most)s.")
    return (
        sentence if is_whole else _("A number from %(least)s to %(most)s.")
    ) % limits


def _text_words(kind: Any) -> str:
    if kind.max_length is None:
        return _("A text.")
    if kind.min_length:
        return _("A text of 1 to %(most)s characters.") % {"most": kind.max_length}
    return _("A text of at most %(most)s characters.") % {"most": kind.max_length}


def _list_words(kind: Any) -> str:
    most = {"most": kind.max_length}
    if kind.max_length is None:
        return _("A list.")
    if isinstance(_plain(kind.item_type), inspect.IntType):
        return _("A list of at most %(most)s ids.") % most
    if isinstance(_plain(kind.item_type), inspect.StrType):
        return _("A list of at most %(most)s names.") % most
    return _("A list of at most %(most)s objects.") % most


def _any_words(_kind: Any) -> str:
    return _("A value of another type.")


# What a serializer of the framework takes for a number or a boolean.
_LAX: Final[Mapping[type, Any]] = {
    inspect.IntType: IntegerField(),
    inspect.FloatType: FloatField(),
    inspect.BoolType: BooleanField(),
}
_WORDS: Final[Mapping[type, Callable[[Any], str]]] = {
    inspect.IntType: _number_words,
    inspect.FloatType: _number_words,
    inspect.StrType: _text_words,
    inspect.ListType: _list_words,
    inspect.BoolType: lambda _kind: _("true or false."),
    inspect.DictType: lambda _kind: _("An object."),
    inspect.StructType: lambda _kind: _("An object."),
    inspect.UUIDType: lambda _kind: _("A UUID."),
}
