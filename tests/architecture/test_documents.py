"""What can be set and called is written down, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from config.celery import app
from tests.running.machine import ROOT

SOURCES = [
    path
    for folder in ("running", "config", "labeling", "activelearn")
    for path in (ROOT / folder).rglob("*.py")
]
READ = re.compile(
    r"env\.(?:text|flag|number|words|prefix|networks)\(\s*[\"']([A-Z_]+)[\"']"
)
DIRECT = re.compile(r"os\.environ(?:\.get)?[(\[]\s*[\"']([A-Z_]+)[\"']")


def read(path: str) -> str:
    return (ROOT / path).read_text()


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    used = {
        name
        for path in SOURCES
        for pattern in (READ, DIRECT)
        for name in pattern.findall(path.read_text())
    }
    table = set(
        re.findall(r"^\| `([A-Z_]+)` \|", read("docs/operations.md"), re.MULTILINE)
    )

    assert used - {"DJANGO_SETTINGS_MODULE"} == table


def test_every_task_is_documented() -> None:
    app.loader.import_default_modules()
    tasks = {name for name in app.tasks if not name.startswith("celery.")}
    named = set(
        re.findall(r"`((?:labeling|activelearn)\.\w+)`", read("docs/operations.md"))
    )

    assert tasks == named


def test_every_command_is_documented() -> None:
    commands = {
        path.stem
        for path in SOURCES
        if path.parent.name == "commands" and path.stem != "__init__"
    }
    named = set(re.findall(r"`assay (\w+)", read("docs/operations.md")))

    assert commands == named


def test_pictures_of_the_documents_exist() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", document.read_text()):
            assert (document.parent / Path(picture)).is_file(), picture


def test_every_file_that_a_document_names_exists() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    documents += (ROOT / "docs").glob("*.md")
    documents += (ROOT / name / "README.md" for name in ("labeling", "activelearn"))
    missing = [
        f"{document.relative_to(ROOT)}: {name}"
        for document in documents
        for name in re.findall(r"`([\w.-]+/[\w/.-]*)`", document.read_text())
        for places in [(ROOT, document.parent)]
        if any((place / name.partition("/")[0]).exists() for place in places)
        if not any((place / name).exists() for place in places)
    ]

    assert not missing
