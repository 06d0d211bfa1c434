"""What the modules of the station say, in the person's language."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog


def station_words() -> dict[str, str]:
    """Return the translation of each text in English; none for English itself."""
    return _words(get_language() or settings.LANGUAGE_CODE)


@cache
def _words(language: str) -> dict[str, str]:
    catalog = JavaScriptCatalog()
    catalog.translation = DjangoTranslation(
        language,
        domain="djangojs",
        localedirs=[str(path) for path in settings.LOCALE_PATHS],
    )
    return {
        text: str(translation) for text, translation in catalog.get_catalog().items()
    }
