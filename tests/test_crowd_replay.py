"""Recorded crowds vote again, through the API and under their own names."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeling.models import Annotation, ImportRun, Project
from labeling.services.votes import agreement, settle
from labeling.services.work import jobs
from tests import crowds, make

# Every answer is committed, as in life: in one transaction nothing could be pruned.
pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


# Images of the third condition are left out: 3,144 votes show what 16,000 would.
LEFT_OUT = "cueconflict-"


def texts() -> tuple[str, bytes]:
    return "items.jsonl", (crowds.folder("snow_rte") / "items.jsonl").read_bytes()


def pictures() -> tuple[str, bytes]:
    """Return the images with their list as one file to import."""
    folder = crowds.folder("shape_images")
    body = io.BytesIO((folder / "images.zip").read_bytes())
    rows = (folder / "items.csv").read_text().splitlines(keepends=True)
    with zipfile.ZipFile(body, "a") as archive:
        kept = "".join(row for row in rows if not row.startswith(LEFT_OUT))
        archive.writestr("items.csv", kept)
    return "images.zip", body.getvalue()


def bring(project: Project, manager: make.Caller, name: str, data: bytes) -> None:
    answer = manager.client.post(
        f"/api/projects/{project.slug}/imports/",
        {"file": SimpleUploadedFile(name, data)},
        headers=manager.headers,
    )
    assert answer.status_code == 202, answer.content
    jobs.run(ImportRun.objects.get(pk=answer.json()["id"]).job_id)


def vote(project: Project, name: str, given: list[crowds.Recorded]) -> None:
    """Let one annotator lease the items of their record and answer each."""
    caller = make.Caller(make.member(project, who=make.user(name)).user)
    path = f"projects/{project.slug}/annotations/"
    answers: list[dict[str, Any]] = []
    for some in _batched(given):
        wanted = {vote.item: vote for vote in some}
        lease = caller(
            "POST",
            f"projects/{project.slug}/queue/lease/",
            {"count": 50, "items": list(wanted)},
        ).json()
        # An annotator is not told a name that has the label in it.
        named = dict(project.items.values_list("pk", "external_id"))
        answers = [
            {
                "assignment": row["assignment"],
                "labels": [wanted[named[row["item"]["id"]]].label],
                "client_id": str(uuid.uuid4()),
                "seconds": wanted[named[row["item"]["id"]]].seconds,
            }
            for row in lease["items"]
        ]
        caller("POST", path, answers)
    # The last answers once more: a replay must change nothing.
    again = caller("POST", path, answers).json()["results"]
    assert {result["status"] for result in again} == {200}


def _batched(given: list[crowds.Recorded]) -> Iterator[list[crowds.Recorded]]:
    for start in range(0, len(given), 50):
        yield given[start : start + 50]


def exported(project: Project, manager: make.Caller) -> list[dict[str, Any]]:
    answer = manager("GET", f"projects/{project.slug}/export/?format=jsonl")
    body = b"".join(answer.streaming_content)
    return [json.loads(line) for line in body.splitlines()]


@pytest.mark.parametrize(
    ("name", "data_type", "source", "alpha", "accuracy"),
    [
        pytest.param(
            *("snow_rte", "text", texts, 0.2415, 0.8969), marks=pytest.mark.soak
        ),
        ("shape_images", "image", pictures, 0.7601, 0.9021),
    ],
)
def test_every_recorded_vote_arrives_once_and_the_figures_agree(
    name: str, data_type: str, source: Any, alpha: float, accuracy: float
) -> None:
    recorded = [
        vote for vote in crowds.votes(name) if not vote.item.startswith(LEFT_OUT)
    ]
    truth = {
        item: label
        for item, label in crowds.gold(name).items()
        if not item.startswith(LEFT_OUT)
    }
    project = make.project(
        labels=sorted({vote.label for vote in recorded}),
        data_type=data_type,
        # Ten votes of each item in any case, so all of them count.
        min_votes=10,
        overlap=10,
        free_choice=True,
    )
    manager = make.Caller(make.manager_of(project).user)
    bring(project, manager, *source())
    by_annotator: dict[str, list[crowds.Recorded]] = defaultdict(list)
    for answer in recorded:
        by_annotator[answer.annotator].append(answer)
    for annotator, given in by_annotator.items():
        vote(project, annotator, given)

    settle.settle_project(project.pk)
    agreement.compute(project.pk)

    rows = exported(project, manager)
    arrived = [
        (row["external_id"], vote["annotator"], vote["labels"][0])
        for row in rows
        for vote in row["votes"]
    ]
    assert Counter(arrived) == Counter(
        (vote.item, vote.annotator, vote.label) for vote in recorded
    )
    assert Annotation.votes.filter(project=project).count() == len(recorded)
    report = manager("GET", f"projects/{project.slug}/agreement/").json()
    assert report["krippendorff_alpha"] == pytest.approx(alpha, abs=0.0005)
    pairs = [(item, label) for item, _, label in arrived]
    assert crowds.majority_accuracy(pairs, truth) == pytest.approx(accuracy, abs=5e-5)
