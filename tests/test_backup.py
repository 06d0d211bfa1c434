"""A backup brings back every vote and file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from labeling.models import Annotation, BrowserSession, Item, Project
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_restored_backup_has_every_vote_and_file(tmp_path: Path) -> None:
    project = make.project()
    make.ranked(project, [make.item(project)])
    who = make.member(project)
    make.vote(who, make.lease(who)[0], "x")
    file = Path(settings.MEDIA_ROOT) / "media" / "ab" / "picture"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"pixels")
    backup = tmp_path / "backup.tar.gz"

    Client().force_login(who.user)

    call_command("backup", str(backup), verbosity=0)
    Annotation.votes.all().delete()
    Project.objects.update(name="changed")
    file.unlink()
    with pytest.raises(CommandError, match="has data"):
        call_command("restore", str(backup))
    call_command("restore", str(backup), "--force")

    # attacks-2, 8: a session's key in it would be a way in for whoever reads it.
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert not BrowserSession.objects.exists()
    assert Annotation.votes.get().labels == ["x"]
    assert Project.objects.get().name == project.name
    assert file.read_bytes() == b"pixels"
    assert Item.objects.get().votes == 1


def test_a_backup_never_replaces_a_file(tmp_path: Path) -> None:
    backup = tmp_path / "backup.tar.gz"
    backup.write_text("dear")

    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(backup))

    assert backup.read_text() == "dear"


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"no archive")

    with pytest.raises(CommandError, match="cannot be read as a backup"):
        call_command("restore", str(file), "--force")
