"""Everything of one installation in one file, and back."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder

from running.embedded.postgres import program

FORMAT: Final = 1
FOLDERS: Final = ("media", "learn")


class BackupError(RuntimeError):
    """Why a backup cannot be written or restored, in words for the operator."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    migrations: list[str]


def write(target: Path) -> int:
    """Write database and files to ``target``; return its size in bytes.

    The database is dumped in one snapshot while people go on working. A file is always
    written before the row that names it, so the files are copied after the dump.
    Raises BackupError where ``target`` exists or the dump fails.
    """
    if target.exists():
        raise BackupError(f"{target} exists already.")
    part = target.with_name(target.name + ".part")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / "database"
        # A session's key is its cookie: whoever reads it is logged in.
        sessions = "--exclude-table-data=public.labeling_browsersession"
        _run("pg_dump", "--format=custom", "--no-owner", sessions, f"--file={dump}")
        manifest = Path(folder) / "manifest.json"
        manifest.write_text(
            json.dumps({"format": FORMAT, "migrations": _migrations()}),
            encoding="utf-8",
        )
        # Before a byte is in it: it holds digests of passwords, and everybody's data.
        part.touch(mode=0o600)
        part.chmod(0o600)
        with tarfile.open(part, "w:gz", compresslevel=1) as archive:
            archive.add(manifest, "manifest.json")
            archive.add(dump, "database")
            for name, place in _folders().items():
                if place.is_dir():
                    archive.add(place, name)
    # Renamed when it is whole: what has the name of a backup is one.
    part.replace(target)
    return target.stat().st_size


def restore(source: Path, *, is_forced: bool) -> None:
    """Replace database and files by those of a backup.

    Raises BackupError where ``source`` is no backup of this or an older version, or
    where this installation has accounts and the replacement ``is_forced`` is not.
    """
    try:
        archive = tarfile.open(source)  # noqa: SIM115 (closed below)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{source} cannot be read as a backup: {error}") from error
    with archive, tempfile.TemporaryDirectory() as folder:
        manifest = _manifest(archive)
        known = set(_known_migrations())
        if unknown := sorted(set(manifest.migrations) - known):
            raise BackupError(
                f"The backup is of a newer Assay: it has {unknown[0]}. Update first."
            )
        if not is_forced and _has_users():
            raise BackupError("This installation has data. --force replaces all of it.")
        archive.extract("database", folder, filter="data")
        connection.close()
        _run(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            # A restore that fails leaves everything as it was.
            "--single-transaction",
            str(Path(folder) / "database"),
        )
        for name, place in _folders().items():
            _extract(archive, name, place)


def _folders() -> dict[str, Path]:
    places = (Path(settings.MEDIA_ROOT), Path(settings.LEARN_ROOT))
    return dict(zip(FOLDERS, places, strict=True))


def _migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _known_migrations() -> list[str]:
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None)
    return [f"{app}.{name}" for app, name in loader.disk_migrations or {}]


def _has_users() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM labeling_user)")
            row = cursor.fetchone()
    except DatabaseError:
        return False  # there are no tables yet
    return bool(row and row[0])


def _manifest(archive: tarfile.TarFile) -> Manifest:
    try:
        file = archive.extractfile("manifest.json")
        fields: dict[str, Any] = json.load(file) if file else {}
        manifest = Manifest(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupError("This is not a backup of Assay.") from error
    if manifest.format != FORMAT:
        raise BackupError(f"Backups of format {manifest.format} are not known here.")
    return manifest


def _extract(archive: tarfile.TarFile, name: str, place: Path) -> None:
    """Write the files below ``name`` to ``place``; the filter refuses ways out of it."""
    for member in archive.getmembers():
        if member.isfile() and member.name.startswith(f"{name}/"):
            member.name = member.name.removeprefix(f"{name}/")
            archive.extract(member, place, filter="data")


def _run(name: str, *words: str) -> None:
    """Run one of PostgreSQL's programs on the database of the settings."""
    database = settings.DATABASES["default"]
    variables = {
        "PGHOST": database.get("HOST"),
        "PGPORT": database.get("PORT"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": database.get("PASSWORD"),
    }
    target = "--dbname" if name == "pg_restore" else "-d"
    process = subprocess.run(  # noqa: S603 (our own binary)
        [program(name), target, str(connection.settings_dict["NAME"]), *words],
        env={
            **os.environ,
            **{key: str(value) for key, value in variables.items() if value},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise BackupError(f"{name}: {process.stderr.strip()}")
