"""Folders of the server as sources: below the operator's, and never outside."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from labeling.errors import InvalidInputError, NoSpaceError
from labeling.messages import message
from labeling.models import Item, Job, SourceObject
from labeling.services.transfer.sources import folder as folders
from labeling.services.transfer.sources import listing, setting_up, store
from labeling.services.transfer.sources.folder import Folder
from labeling.services.transfer.sources.setting_up import SourceDraft
from labeling.services.transfer.sources.store import ObjectChangedError
from labeling.services.work import jobs
from tests import doubles, make
from tests.labeling.transfer.files import picture
from tests.labeling.transfer.sources.scripted import nobody
from tests.labeling.transfer.sources.server import counts, listed

ODD = message("It is empty.")


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    """Give the operator's folder, with a neighbor that is none of it."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root-other").mkdir()
    (tmp_path / "root-other" / "secret.png").write_bytes(picture())
    settings.SOURCE_FOLDER = str(tmp_path / "root")
    return tmp_path / "root"


@pytest.mark.django_db
def test_a_folder_is_listed_like_a_bucket(root: Path) -> None:
    (root / "some/x").mkdir(parents=True)
    (root / "some/x/a.png").write_bytes(picture(shade=1))
    (root / "b.png").write_bytes(picture(shade=99))
    project = make.project(data_type="image")
    source = setting_up.add(project, None, SourceDraft("f", "folder", prefix="/some/"))

    listed(source)
    (root / "some/x/a.png").unlink()
    listed(source)

    assert [item.external_id for item in Item.objects.all()] == ["x/a.png"]
    assert counts(source) == {"removed": 1}
    assert source.where == "some"


@pytest.mark.django_db
def test_a_changed_file_is_told(root: Path) -> None:
    (root / "a.png").write_bytes(picture(shade=1))
    project = make.project(data_type="image")
    source = setting_up.add(project, None, SourceDraft("f", "folder"))
    listed(source)
    (root / "a.png").write_bytes(picture(side=40, shade=99))

    listed(source)

    assert counts(source) == {"objects": 1, "changed": 1}


@pytest.mark.django_db
def test_a_list_goes_on_behind_the_last_page_that_is_kept(root: Path) -> None:
    count = folders.PAGE + 3
    for number in range(count):
        (root / f"{number:04d}.txt").write_text(f"text {number}")
    source = setting_up.add(make.project(), None, SourceDraft("f", "folder"))
    job = setting_up.request_list(source, None)

    def dies() -> None:
        raise KeyboardInterrupt

    first = doubles.watched(jobs.claim(job.pk), after=folders.PAGE, then=dies)
    with pytest.raises(KeyboardInterrupt):
        listing.run(first)
    job.refresh_from_db()
    assert job.params["after"] == f"{folders.PAGE - 1:04d}.txt"
    # Nothing of the first page is looked at again, and its counts are kept.
    SourceObject.objects.filter(key="0000.txt").update(state="refused", reason=ODD)
    Job.objects.update(alive_until=job.created_at)

    jobs.run(job.pk)

    assert counts(source) == {"objects": count, "new": count}
    assert Item.objects.count() == count


@pytest.mark.parametrize(
    "path",
    ["..", "../root-other", "x/../..", "/etc", "nowhere", "link", "\0", "a" * 5000],
)
def test_a_folder_elsewhere_is_none(root: Path, path: str) -> None:
    (root / "link").symlink_to(root.parent / "root-other")

    with pytest.raises(InvalidInputError, match="no folder"):
        Folder(path)


def test_without_the_operators_folder_there_is_none(settings: Settings) -> None:
    settings.SOURCE_FOLDER = ""

    with pytest.raises(InvalidInputError, match="SOURCE_FOLDER"):
        Folder("")


def test_links_are_not_listed(root: Path) -> None:
    other = root.parent / "root-other"
    (root / "file.png").symlink_to(other / "secret.png")
    (root / "folder").symlink_to(other)
    (root / "real.png").write_bytes(b"x")

    keys = [each.key for page in Folder("").pages() for each in page]

    assert keys == ["real.png"]


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_that_takes_the_place_of_a_file_is_not_followed(
    root: Path, *, is_folder: bool
) -> None:
    (root / "x").mkdir()
    (root / "x/secret.png").write_bytes(picture())
    os.utime(root / "x/secret.png", (1, 1))
    opened = Folder("")
    ((only,),) = opened.pages()
    (root / "x/secret.png").unlink()
    other = root.parent / "root-other"
    if is_folder:
        (root / "x").rmdir()
        (root / "x").symlink_to(other)
    else:
        (root / "x/secret.png").symlink_to(other / "secret.png")

    with pytest.raises(ObjectChangedError):
        store.content(opened, only, 10_000)


def test_files_come_in_pages_and_go_on_behind_a_key(root: Path) -> None:
    names = sorted(f"{number:04d}" for number in range(folders.PAGE + 5))
    for name in names:
        (root / name).write_bytes(b"x")

    pages = [[each.key for each in page] for page in Folder("").pages()]

    assert [len(page) for page in pages] == [folders.PAGE, 5]
    rest = [each.key for page in Folder("").pages("1001") for each in page]
    assert rest == ["1002", "1003", "1004"]


def test_a_file_is_written_whole(root: Path) -> None:
    Folder("").write("deep/x.csv", io.BytesIO(b"abc"), 3, "", nobody)

    assert (root / "deep/x.csv").read_bytes() == b"abc"
    assert [path.name for path in (root / "deep").iterdir()] == ["x.csv"]


def test_a_file_is_not_written_elsewhere(root: Path) -> None:
    (root / "out").symlink_to(root.parent / "root-other")

    with pytest.raises(InvalidInputError, match="leads elsewhere"):
        Folder("").write("out/x.csv", io.BytesIO(b"abc"), 3, "", nobody)

    assert not (root.parent / "root-other/x.csv").exists()


def test_a_folder_that_cannot_be_written_says_so(root: Path) -> None:
    (root / "out").write_bytes(b"a file")

    with pytest.raises(NoSpaceError, match="cannot be written"):
        Folder("").write("out/x.csv", io.BytesIO(b"abc"), 3, "", nobody)
