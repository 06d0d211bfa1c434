"""What makes two names of accounts the same for whoever reads them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

from django.db import models

# Small letters of other alphabets that look like a Latin one, or whose capital does.
_CYRILLIC: Final = dict(
    zip("авгеніјкморсѕтухԁԛԝһ", "abrehijkmopcstyxdqwh", strict=True)
)
_GREEK: Final = dict(zip("αβεζηικμνορτυχ", "abezhikmnoptyx", strict=True))
_LATIN: Final = str.maketrans({**_CYRILLIC, **_GREEK, "ı": "i"})
# Of these alphabets a name holds letters of one: their mixture is made to deceive.
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "COPTIC"})


def name_key_of(name: str) -> str:
    """Return what two names share that people cannot tell apart.

    Case and width are left out, and a letter of another alphabet is the Latin one that it
    looks like. Digits stay: names that end in numbers are common.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).translate(_LATIN)


def alphabets_of(name: str) -> set[str]:
    """Return which of the alphabets that look alike a name has letters of."""
    first_words = (
        unicodedata.name(sign, "").partition(" ")[0] for sign in name if sign.isalpha()
    )
    return {word for word in first_words if word in _ALIKE}


# Not generic at run time.
if TYPE_CHECKING:
    _Chars = models.CharField[str, str]
else:
    _Chars = models.CharField


class NameKey(_Chars):
    """The key of a row's ``username``, whatever code writes the row."""

    # Its signature is Django's.
    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        """Return the key, and keep it with the row."""
        del add
        key = name_key_of(getattr(model_instance, "username", ""))[: self.max_length]
        setattr(model_instance, self.attname, key)
        return key
