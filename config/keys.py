"""Whether the secret that signs links and sessions can be guessed."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Half of what we ask for: as short as what `openssl rand -hex 16` prints.
LEAST: Final = 32
LEAST_DIFFERENT: Final = 8


def check_secret_key() -> None:
    """Raise ImproperlyConfigured where whoever tries for long would find SECRET_KEY.

    Only before something is served: other commands sign nothing for anybody.
    """
    key = str(settings.SECRET_KEY)
    if len(key) < LEAST or len(set(key)) < LEAST_DIFFERENT:
        raise ImproperlyConfigured(
            f"SECRET_KEY can be guessed: it has {len(key)} characters, "
            f"{len(set(key))} different ones. Set it to 50 or more random characters."
        )
