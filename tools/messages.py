"""The texts for people: collect them, bring the translations up to date, compile them.

``python -m tools.messages`` writes ``config/locale``; needs only the packages for
development. What has no translation yet is listed, and shown in English.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = ROOT / "config" / "locale"
LANGUAGES: Final = ("de", "es")
PSEUDO: Final = "en_XA"
# Pages and Python, and the modules of the station.
DOMAINS: Final = ("django", "djangojs")
PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}")

_Keywords = dict[str, Any]
_CONTEXT: Final = ((1, "c"), 2)
_PYTHON: Final[_Keywords] = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("_", "lazy", "noop", "message", "sentence"), None),
    "ngettext": (1, 2),
    "pgettext": _CONTEXT,
    "npgettext": ((1, "c"), 2, 3),
}
_STRING = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_CALL: Final = re.compile(
    rf"\b(?:_|n?p?gettext)\({_STRING}(?:,\s*(?:{_STRING}|\w+))*\)"
)
_STALE: Final = re.compile(
    rb'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|'
    rb"Report-Msgid-Bugs-To|Project-Id-Version|Generated-By):.*\n",
    re.MULTILINE,
)
_ACCENTS: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "àƀçđéƒĝĥîĵķļɱñôþɋŕšţûṽŵẋýžÀɃÇĐÉƑĜĤÎĴĶĻṀÑÔÞɊŔŠŢÛṼŴẊÝŽ",
)


def collected(domain: str) -> Catalog:
    """Return every marked text of a domain, without translations."""
    catalog = Catalog(fuzzy=False, charset="utf-8")
    for path, (method, body, keywords) in _sources(domain):
        name = path.relative_to(ROOT).as_posix()
        for _, text, _, context in extract(method, io.BytesIO(body), keywords):
            catalog.add(text, locations=[(name, 0)], context=context)
    return catalog


def _sources(domain: str) -> Iterator[tuple[Path, tuple[str, bytes, _Keywords]]]:
    if domain == "djangojs":
        for path in sorted((ROOT / "frontend/static/js").rglob("*.js")):
            yield path, ("javascript", path.read_bytes(), {"t": None})
        return
    for folder in ("activelearn", "config", "labeling", "running"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"migrations", "demo", "locale"} & set(path.parts):
                yield path, ("python", path.read_bytes(), _PYTHON)
    for path in sorted((ROOT / "frontend/templates").rglob("*.html")):
        yield path, ("python", _calls(path.read_text(encoding="utf-8")), _PYTHON)


def _calls(source: str) -> bytes:
    """Return a template as the calls that its texts are."""
    from django.utils.translation.template import templatize

    return "\n".join(_CALL.findall(templatize(source))).encode()


def po(language: str, domain: str) -> Path:
    """Return where the translations of a domain stand."""
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def read(language: str, domain: str) -> Catalog:
    """Return the translations of a domain; the pseudo-locale is made up."""
    if language == PSEUDO:
        return _made_up(domain)
    path = po(language, domain)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _made_up(domain: str) -> Catalog:
    made = Catalog(locale="en", fuzzy=False)
    for message in collected(domain):
        if message.id:
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            accented = tuple(pseudo(str(text)) for text in texts)
            made.add(
                message.id,
                accented if message.pluralizable else accented[0],
                context=message.context,
            )
    return made


def pseudo(text: str) -> str:
    """Return a text accented, about a third longer and in brackets."""
    parts = PLACEHOLDER.split(text)
    kept = [*PLACEHOLDER.findall(text), ""]
    accented = "".join(
        part.translate(_ACCENTS) + hold for part, hold in zip(parts, kept, strict=True)
    )
    more = max(1, round(len(text) * 0.35) - 3)
    return f"[{accented} {('~~~~~ ' * more)[:more].strip()}]"


def entries(catalog: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (context, text) → its translations, one for each plural form."""
    return {_key(text): _translations(text) for text in catalog if text.id}


def _key(message: Message) -> tuple[str, str]:
    text = message.id[0] if isinstance(message.id, tuple | list) else message.id
    # Babel leaves the contexts of a compiled file undecoded, whatever its types say.
    context: object = message.context or ""
    return context.decode() if isinstance(context, bytes) else str(context), text


def _translations(message: Message) -> tuple[str, ...]:
    forms = message.string
    return tuple(forms) if isinstance(forms, tuple | list) else (forms or "",)


def compiled(language: str, domain: str) -> Catalog | None:
    """Return what the compiled file says, or None where there is none."""
    path = po(language, domain).with_suffix(".mo")
    if not path.exists():
        return None
    with path.open("rb") as file:
        return read_mo(file)


def _update(language: str, domain: str) -> list[str]:
    """Write the translations anew; return the texts that have none."""
    known = read(language, domain)
    known.update(collected(domain), no_fuzzy_matching=True)
    known.obsolete.clear()
    known.header_comment = f"# What Assay says, in “{language}”: make messages."
    written = io.BytesIO()
    # Places would conflict at every merge.
    write_po(written, known, width=88, sort_output=True, no_location=True)
    path = po(language, domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_STALE.sub(b"", written.getvalue()))
    return [
        text
        for (_, text), translations in entries(known).items()
        if not all(translations)
    ]


def _compile(language: str, domain: str) -> None:
    wanted, there = read(language, domain), compiled(language, domain)
    if there is not None and entries(there) == entries(wanted):
        return
    path = po(language, domain).with_suffix(".mo")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_mo(file, wanted)


def main() -> int:
    """Bring every language up to date; fail where a text has no translation."""
    os.environ.setdefault("SECRET_KEY", "only-for-messages")
    os.environ.setdefault("DATABASE_URL", "postgresql:///messages")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    missing = 0
    for domain in DOMAINS:
        for language in LANGUAGES:
            for text in _update(language, domain):
                sys.stdout.write(f"{language} has no “{text}”\n")
                missing += 1
        for language in (*LANGUAGES, PSEUDO):
            _compile(language, domain)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
