"""Sentences as data: a worker writes a message, a reader gets it in their language.

A worker doesn't know who will read what it says. So it keeps the text and its values
apart, as JSON, and the sentence is made where it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from django.utils.translation import gettext

_NO_FORM: Final = re.compile("[\0\ud800-\udfff]")
_PLACE: Final = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Message:
    """A text with its values; make one with ``message`` or ``verbatim``.

    A value may be a message itself: a reason inside an explanation.
    """

    text: str
    values: Mapping[str, str | int | float | Message] = field(default_factory=dict)
    # Words of a person or of a library: shown as they are.
    is_verbatim: bool = False

    def __str__(self) -> str:
        """Return the sentence in the language of whoever reads it now."""
        if self.is_verbatim or not self.text:
            return self.text
        sentence = gettext(self.text)
        return sentence % self.values if self.values else sentence


def message(text: str, /, **values: str | float | Message) -> Message:
    """Return a message: ``text`` is collected here to be translated.

    Raises ValueError where the values are not those that the text has places for.
    """
    if set(_PLACE.findall(text)) != values.keys():
        raise ValueError(f"“{text}” has no places for {sorted(values)}")
    return Message(text, values)


def verbatim(words: str) -> Message:
    """Return words of a person or of a library, which are never translated."""
    return Message(words, is_verbatim=True)


class Sentence(str):
    """A sentence in the language of whoever is asked now, and the message it is of.

    So a service needs not know who runs it: a person reads the sentence at once, and a
    worker keeps the message for its reader.
    """

    __slots__ = ("message",)
    message: Message

    def __new__(cls, message: Message) -> Self:
        """Return the message in the language of now."""
        words = super().__new__(cls, message)
        words.message = message
        return words

    def __mod__(self, values: Any) -> Sentence:
        """Return the sentence with its values, by name."""
        return Sentence(
            Message(
                self.message.text, {name: _kept(each) for name, each in values.items()}
            )
        )


def sentence(text: str) -> Sentence:
    """Translate a text as ``gettext`` does; what it returns remembers the text."""
    return Sentence(Message(text))


def _kept(value: object) -> str | int | float | Message:
    if isinstance(value, Sentence):
        return value.message
    return value if isinstance(value, str | int | float | Message) else str(value)


def message_of(words: object) -> Message:
    """Return the message that words are of; words of people and libraries stay so."""
    if isinstance(words, Message):
        return words
    return words.message if isinstance(words, Sentence) else verbatim(str(words))


def in_language(message: Message | None) -> str:
    """Return a message in the language of whoever reads it now; nothing for none."""
    return "" if message is None else str(message)


def as_json(message: Message) -> dict[str, Any]:
    """Return a message as it is kept: ``{"text": …, "values": {…}}``."""
    if message.is_verbatim:
        return {"text": _storable(message.text), "is_verbatim": True}
    values = {
        name: as_json(value) if isinstance(value, Message) else _storable(value)
        for name, value in message.values.items()
    }
    return {"text": message.text, "values": values}


def _storable(value: str | float) -> str | float:
    """Return a value without characters that the database has no form for.

    What is wrong with a file may be just these, and the reason quotes them.
    """
    return _NO_FORM.sub("\ufffd", value) if isinstance(value, str) else value


def from_json(kept: Mapping[str, Any]) -> Message:
    """Return the message that was kept so."""
    if kept.get("is_verbatim"):
        return verbatim(kept["text"])
    values = {
        name: from_json(value) if isinstance(value, dict) else value
        for name, value in kept.get("values", {}).items()
    }
    return Message(kept["text"], values)
