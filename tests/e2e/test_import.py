"""Files as people have them, dropped on the page, asked about, and labeled."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from labeling.models import Annotation, Gold, ImportRun, Item, Project
from labeling.services.work import jobs
from tests import make
from tests.e2e import browser as browsing
from tests.e2e.browser import READY, person
from tests.labeling.transfer.files import picture, zipped

pytestmark = browsing.MARKS
# As Excel writes it in Germany: semicolons, Windows-1252, and a label in two spellings.
REVIEWS = (
    "Text;Label\r\n"
    "Größer als gedacht, sehr schön;Gut\r\n"
    "Kam zerbrochen an – für 20 € zu viel;schlecht\r\n"
    "Würde ich wieder kaufen;gut \r\n"
    + "".join(f"Noch ungelesen Nummer {n} über nichts;\r\n" for n in range(40))
).encode("cp1252")


def look_at(page: Page, url: str, project: Project, file: Path) -> None:
    page.goto(f"{url}/projects/{project.slug}/import/")
    page.set_input_files("[name=file]", file)
    page.get_by_role("button", name="Look at the first rows").click()
    expect(page.get_by_text("The first rows of")).to_be_visible()


def bring_in(page: Page) -> ImportRun:
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_text("The first rows of")).to_have_count(0)
    run = ImportRun.objects.get()
    jobs.finish(run.job_id)
    page.reload()
    return ImportRun.objects.get()


def label_first(page: Page) -> Annotation:
    page.get_by_role("link", name="Start labeling").click()
    page.wait_for_selector(READY)
    page.keyboard.press("1")
    expect(page.locator("#saved")).to_have_text("saved")
    return Annotation.votes.get()


@pytest.mark.parametrize("is_said", [True, False])
def test_a_csv_of_excel_is_asked_about_and_labeled(
    browser: Browser, live_server: LiveServer, tmp_path: Path, *, is_said: bool
) -> None:
    project = make.project(labels=("Gut", "Schlecht"))
    name = make.member(project, role="manager").user.username
    file = tmp_path / "bewertungen.csv"
    file.write_bytes(REVIEWS)

    with person(browser, live_server.url, name) as page:
        look_at(page, live_server.url, project, file)
        # How it is read, each to be changed.
        expect(page.get_by_label("Encoding")).to_have_value("cp1252")
        expect(page.get_by_label("Between cells")).to_have_value(";")
        expect(page.locator("select[name=header]")).to_have_value("yes")
        expect(page.get_by_text("Größer als gedacht")).to_be_visible()
        expect(page.locator("[name='role:Text']")).to_have_value("text")
        expect(page.locator("[name='role:Label']")).to_have_value("label")
        # What its labels are.
        if is_said:
            page.locator("[name='labels_are']").select_option("gold")
        run = bring_in(page)
        expect(page.get_by_text(": 43 new")).to_be_visible()
        if not is_said:
            note = page.get_by_text("3 rows have labels that were not used")
            expect(note).to_be_visible()
        vote = label_first(page)

    known = Gold.objects.values_list("labels", flat=True)
    assert {*map(tuple, known)} == ({("Gut",), ("Schlecht",)} if is_said else set())
    assert (run.created, run.rejected, vote.labels) == (43, 0, ["Gut"])
    assert "– für 20 €" in str([*Item.objects.values_list("data", flat=True)])


def test_a_folder_that_a_mac_zipped_is_asked_about_and_labeled(
    browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    project = make.project(data_type="image", labels=("cat", "dog"))
    name = make.member(project, role="manager").user.username
    pictures = {
        f"Tiere/{label}/Bild {n}.png": picture(32 + n, 40 + 9 * n)
        for n in range(12)
        for label in (("cat", "dog")[n % 2],)
    }
    notes = {
        "__MACOSX/._Tiere": b"notes",
        "__MACOSX/Tiere/cat/._Bild 0.png": b"notes",
        "Tiere/.DS_Store": b"notes",
    }
    file = tmp_path / "Tiere.zip"
    file.write_bytes(zipped({**notes, **pictures}))

    with person(browser, live_server.url, name) as page:
        look_at(page, live_server.url, project, file)
        said = "Not used: 3 files that are notes of a file manager"
        expect(page.get_by_text(said)).to_be_visible()
        expect(page.locator("[name='role:label']")).to_have_value("label")
        run = bring_in(page)
        expect(page.get_by_text(": 12 new")).to_be_visible()
        expect(page.get_by_text(said)).to_be_visible()
        vote = label_first(page)

    assert (run.received, run.created, run.rejected) == (12, 12, 0)
    assert vote.labels == ["cat"]
    assert {*Item.objects.values_list("data__image", flat=True)} == {*pictures}


def a_folder(folder: Path) -> set[str]:
    """Write a folder of pictures by class; return the paths of the pictures."""
    paths = set()
    for n in range(12):
        path = folder / "Tiere" / ("cat", "dog")[n % 2] / f"Größe {n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(32 + n, 40 + 9 * n))
        paths.add(path.relative_to(folder).as_posix())
    (folder / "Tiere" / ".DS_Store").write_bytes(b"notes")
    return paths


def drop(page: Page, *paths: Path) -> None:
    """Drop files or folders on the form, as from a file manager."""
    box = page.locator("folder-drop").bounding_box()
    assert box is not None
    at = {"x": box["x"] + 40, "y": box["y"] + 20}
    data = {"items": [], "files": [*map(str, paths)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})


@pytest.mark.parametrize("way", ["drop", "choose"])
def test_a_folder_is_dropped_or_chosen_and_labeled(
    way: str, browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    project = make.project(data_type="image", labels=("cat", "dog"))
    name = make.member(project, role="manager").user.username
    paths = a_folder(tmp_path)

    with person(browser, live_server.url, name) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/import/")
        if way == "drop":
            drop(page, tmp_path / "Tiere")
        else:
            page.set_input_files("input[webkitdirectory]", tmp_path / "Tiere")
        expect(page.get_by_text("The first rows of Tiere.zip")).to_be_visible()
        expect(page.locator("[name='role:label']")).to_have_value("label")
        run = bring_in(page)
        vote = label_first(page)

    assert (run.received, run.created, run.rejected) == (12, 12, 0)
    assert vote.labels == ["cat"]
    assert {*Item.objects.values_list("data__image", flat=True)} == paths


def test_pictures_one_by_one_and_a_single_file_are_dropped(
    browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    project = make.project(data_type="image", labels=("cat", "dog"))
    name = make.member(project, role="manager").user.username
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(picture(32 + n, 50 * n))
    (tmp_path / "x.zip").write_bytes(zipped({"cat/9.png": picture(60)}))

    with person(browser, live_server.url, name) as page:
        page.goto(f"{live_server.url}/projects/{project.slug}/import/")
        drop(page, *(tmp_path / f"{n}.png" for n in range(3)))
        expect(page.get_by_text("The first rows of files.zip")).to_be_visible()
        run = bring_in(page)
        drop(page, tmp_path / "x.zip")
        expect(page.get_by_text("The first rows of x.zip")).to_be_visible()

    assert (run.created, run.rejected) == (3, 0)
