"""What goes out for a tool is read by the tool's own reader, with the same numbers.

Each tool is installed into a folder that is kept between runs; where it cannot be had,
the test says so and is skipped. Prodigy is not free: its lines are held against its
documented format.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

import pytest

from labeling.models import Project
from labeling.services.transfer import exporting
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, lines, picture, zipped

pytestmark = [pytest.mark.django_db, pytest.mark.soak]
SCRIPT: Final = Path(__file__).with_name("other_tools.py")
# What each one is installed by; the releases that these tests have seen.
PACKAGES: Final = {
    "label_studio": ["label-studio-sdk"],
    # Its pandas is older than the numpy that it allows; a package of Argilla is not named.
    "doccano": ["doccano", "numpy<2"],
    "argilla": ["argilla", "requests"],
    "huggingface": ["datasets", "pillow"],
    "coco": ["pycocotools"],
    "cvat": ["datumaro"],
}
LABELS: Final = ("news", "sport", "art & more")


def environment(tool: str) -> Path:
    """Return the Python of an environment that has a tool; skip where none can be had."""
    place = Path(gettempdir(), f"assay-tools-{os.getuid()}", tool)
    python = place / "bin" / "python"
    if (place / "complete").exists():
        return python
    if not (
        uv := shutil.which(
            "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
    ):
        pytest.skip("uv is not here, which installs the tool")
    for words in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(place)],
        ["pip", "install", "--quiet", "--python", str(python), *PACKAGES[tool]],
    ):
        done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{tool} cannot be installed: {done.stderr[-300:]}")
    (place / "complete").touch()
    return python


def read_by(tool: str, file: Path) -> dict[str, Any]:
    """Return what a tool's own reader sees in a file."""
    words = [str(environment(tool)), str(SCRIPT), tool, str(file)]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=file.parent
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def written(project: Project, kind: str, folder: Path) -> Path:
    settle.settle_project(project.pk)
    file = folder / f"export.{exporting.ending(kind)}"
    file.write_bytes(b"".join(exporting.stream(project, kind, {})))
    return file


def of_texts(*, is_multi: bool) -> Project:
    """Return a project of texts: with two votes, with a known label, and with neither."""
    project = make.project(
        labels=LABELS, task_type="multi" if is_multi else "single", evaluation_share=0
    )
    said = ["news", "art & more"] if is_multi else ["art & more"]
    votes = [
        {
            "annotator": name,
            "labels": said,
            "seconds": 2.5,
            "created_at": "2026-01-02T03:04:05+00:00",
        }
        for name in ("ada", "bob")
    ]
    predictions = [
        {
            "source": name,
            "label": ["news"],
            "score": 0.75,
            "probabilities": {"news": 0.75},
        }
        for name in ("llm", "rules")
    ]
    rows = [
        {
            "id": "é-1",
            "text": "first, of “two” lines\nor so",
            "n": 1,
            "votes": votes,
            "tags": ["a"],
        },
        {"id": "2", "text": "=a second", "label": ["sport"], "metadata": {"k": "v"}},
        {"id": "3", "text": "a third", "predictions": predictions},
    ]
    assert bring(project, "x.jsonl", lines(*rows), gold=True).created == 3
    return project


def of_pictures(*, is_multi: bool) -> Project:
    project = make.project(
        data_type="image", labels=LABELS, task_type="multi" if is_multi else "single"
    )
    first = "news;art & more" if is_multi else "art & more"
    names = {"a b.png": first, "d/é.png": "sport", "c.jpg": ""}
    rows = [f"{name},{name},{label}" for name, label in names.items()]
    listed = "\n".join(["id,image,label", *rows]).encode()
    files = {
        "items.csv": listed,
        "a b.png": picture(20, 30),
        "d/é.png": picture(30, 120),
        "c.jpg": picture(40, 220, "JPEG"),
    }
    assert bring(project, "x.zip", zipped(files), gold=True).created == 3
    return project


def labels_by(seen: Mapping[str, Any], name: str) -> dict[str, list[str]]:
    return {row[name]: row["labels"] for row in seen["rows"]}


BOTH: Final = pytest.mark.parametrize(
    "is_multi", [False, True], ids=["single", "multi"]
)


def said(*, is_multi: bool) -> list[str]:
    return ["art & more", "news"] if is_multi else ["art & more"]


@BOTH
def test_label_studio_accepts_the_tasks_and_makes_of_them_our_lines(
    tmp_path: Path, *, is_multi: bool
) -> None:
    project = of_texts(is_multi=is_multi)

    seen = read_by("label_studio", written(project, "label_studio", tmp_path))

    ours = json.loads(written(project, "label_studio_min", tmp_path).read_text())
    given = [
        (row["text"], sorted(value["choices"] if isinstance(value, dict) else [value]))
        for row in ours
        if (value := row.get("label"))
    ]
    assert seen["errors"] == []
    assert (seen["tasks"], seen["predictions"]) == (3, 2)
    assert [
        (row["text"], row["labels"]) for row in seen["rows"] if row["labels"]
    ] == given
    assert [labels for _, labels in given] == [said(is_multi=is_multi)] * 2 + [
        ["sport"]
    ]


@BOTH
@pytest.mark.parametrize("kind", ["doccano", "doccano_csv"])
def test_doccano_reads_texts_with_their_labels(
    tmp_path: Path, kind: str, *, is_multi: bool
) -> None:
    project = of_texts(is_multi=is_multi)

    seen = read_by("doccano", written(project, kind, tmp_path))

    assert len(seen["rows"]) == 3
    first, second, third = (row["labels"] for row in seen["rows"])
    assert seen["rows"][0]["text"] == "first, of “two” lines\nor so"
    # It joins labels in a CSV that it writes, and takes the cell for one when it reads.
    joined = ["#".join(said(is_multi=is_multi))]
    assert first == (joined if kind == "doccano_csv" else said(is_multi=is_multi))
    assert (second, third) == (["sport"], [])


@BOTH
def test_argilla_reads_records_with_responses_and_suggestions(
    tmp_path: Path, *, is_multi: bool
) -> None:
    project = of_texts(is_multi=is_multi)

    seen = read_by("argilla", written(project, "argilla", tmp_path))

    assert labels_by(seen, "id") == {"é-1": said(is_multi=is_multi), "2": [], "3": []}
    # A known label, and what the first source predicts.
    assert (seen["responses"], seen["suggestions"]) == (2, 2)


@BOTH
def test_datasets_loads_texts_with_the_names_of_their_classes(
    tmp_path: Path, *, is_multi: bool
) -> None:
    project = of_texts(is_multi=is_multi)

    seen = read_by("huggingface", written(project, "huggingface", tmp_path))

    assert labels_by(seen, "id") == {
        "é-1": said(is_multi=is_multi),
        "2": ["sport"],
        "3": [],
    }


@BOTH
@pytest.mark.parametrize("kind", ["huggingface", "huggingface_folder"])
def test_datasets_loads_pictures_with_their_labels(
    tmp_path: Path, kind: str, *, is_multi: bool
) -> None:
    project = of_pictures(is_multi=is_multi)

    seen = read_by("huggingface", written(project, kind, tmp_path))

    assert labels_by(seen, "id") == {
        "a b.png": said(is_multi=is_multi),
        "d/é.png": ["sport"],
        "c.jpg": [],
    }
    assert seen["sizes"] == [[20, 20], [30, 30], [40, 40]]


@BOTH
@pytest.mark.parametrize("tool", ["coco", "cvat"])
def test_coco_and_cvat_read_labels_of_pictures_that_are_there(
    tmp_path: Path, tool: str, *, is_multi: bool
) -> None:
    project = of_pictures(is_multi=is_multi)

    seen = read_by(tool, written(project, tool, tmp_path))

    by_name = {Path(row["id"]).stem: row["labels"] for row in seen["rows"]}
    assert by_name == {"a b": said(is_multi=is_multi), "é": ["sport"], "c": []} or (
        # What was no PNG is named as what it is.
        by_name == {"a b": said(is_multi=is_multi), "é": ["sport"], "c.jpg": []}
    )
    assert all(row["is_there"] for row in seen["rows"])
    assert seen["categories"] == sorted(LABELS)
