"""What an account may be called, and which one is meant."""

from __future__ import annotations

from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import User
from labeling.models.names import alphabets_of, name_key_of


def find(name: str) -> User | None:
    """Return the account that people mean by a name: case and width do not matter."""
    try:
        return User.objects.get_by_natural_key(name.replace("\x00", " "))
    except User.DoesNotExist:
        return None


def check(name: str) -> None:
    """Raise InvalidInputError for a name that is taken, or would be taken for another."""
    if not any(sign.isalnum() for sign in name):
        words = _("A name has a letter or a digit.")
    elif len(alphabets_of(name)) > 1:
        words = _("A name has letters of one alphabet: these look alike and are not.")
    elif User.objects.filter(name_key=name_key_of(name)).exists():
        words = _("There is an account of this name, or of one that looks like it.")
    else:
        return
    raise InvalidInputError(errors={"username": [words]})
