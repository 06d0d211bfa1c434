"""What a person chooses for themselves: language, appearance, address for mail."""

from __future__ import annotations

from collections.abc import Container

from django.core.exceptions import ValidationError

from labeling.errors import InvalidInputError, check_one_of
from labeling.messages import sentence as _
from labeling.models import User


def choose_look(
    user: User, *, language: str, theme: str, languages: Container[str]
) -> None:
    """Keep a language and a theme; empty for those of browser and device.

    Raises InvalidInputError, by field, for one that there is not.
    """
    if language and language not in languages:
        raise InvalidInputError(
            errors={"language": [_("There is no translation into this language.")]}
        )
    check_one_of("theme", theme, ["", *User.Theme.values])
    user.language, user.theme = language, theme
    user.save(update_fields=["language", "theme"])


def choose_email(user: User, email: str) -> None:
    """Keep the address that a link for a new password is sent to; empty for none.

    Raises InvalidInputError for what is no address.
    """
    user.email = email.strip()
    try:
        user.clean_fields(
            exclude=[f.name for f in User._meta.get_fields() if f.name != "email"]
        )
    except ValidationError as error:
        raise InvalidInputError(errors=error.message_dict) from error
    user.save(update_fields=["email"])
