"""What is sent and answered in the first ten minutes is what the schema says."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeling.models import Job, Project
from labeling.services.votes import agreement, settle
from labeling.services.work import jobs
from tests import make, openapi

pytestmark = pytest.mark.django_db


class Checked(make.Caller):
    """A program whose every call is held against the schema."""

    def __call__(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> Any:
        address = f"/api/{path}"
        answer = super().__call__(method, path, body, **headers)
        assert openapi.answer_faults(method, address, answer) == []
        if body is not None and answer.status_code < 300:
            assert openapi.body_faults(method, address, body) == []
        return answer


def run_jobs() -> None:
    for job in Job.objects.filter(state=Job.State.QUEUED, kind="import"):
        jobs.run(job.pk)


def test_the_calls_of_the_first_ten_minutes_are_as_the_schema_says() -> None:
    boss = make.user(manager=True)
    call = Checked(boss)
    labels = [{"name": "x", "hotkey": "1", "color": "#1a7f37"}, {"name": "y"}]
    wanted = {"name": "Mail", "data_type": "text", "labels": labels, "overlap": 2}
    assert call("post", "projects/", wanted).status_code == 201
    assert call("post", "projects/", {"name": ""}).status_code == 400
    path = "projects/mail/"
    assert call("get", "projects/").status_code == 200
    assert call("patch", path, {"repeat_rate": 0.1}).status_code == 200
    assert call("patch", path, {"colour": 1}).status_code == 400

    who = make.user()
    assert call("post", f"{path}members/", {"user": who.username}).status_code == 201
    assert call("get", f"{path}members/").status_code == 200
    change = {"quota": 9, "role": "expert"}
    assert call("patch", f"{path}members/{who.username}/", change).status_code == 200
    assert call("post", f"{path}invitations/", {"days": 2}).status_code == 201
    assert call("get", f"{path}invitations/").status_code == 200

    rows = b"".join(
        json.dumps({"external_id": f"e{n}", "text": f"text {n}"}).encode() + b"\n"
        for n in range(5)
    )
    sent = call.client.post(
        f"/api/{path}imports/",
        {"file": SimpleUploadedFile("items.jsonl", rows)},
        headers=call.headers,
    )
    assert sent.status_code == 202
    assert openapi.answer_faults("post", f"/api/{path}imports/", sent) == []
    run_jobs()
    shown = call("get", f"{path}imports/{sent.json()['id']}/").json()
    assert (shown["state"], shown["created"]) == ("done", 5)
    assert call("get", f"{path}jobs/").json()["results"]
    assert call("get", f"{path}items/?state=open&q=text").json()["results"]

    callers = [call, Checked(who)]
    for caller, label in zip(callers, ("x", "y"), strict=True):
        lent = caller("post", f"{path}queue/lease/", {"count": 5}).json()["items"]
        assert len(lent) == 5
        # Both answer the same two.
        lent.sort(key=lambda assignment: assignment["item"]["external_id"])
        votes = [
            {
                "assignment": assignment["assignment"],
                "labels": [label],
                "client_id": str(uuid.uuid4()),
                "seconds": 2,
            }
            for assignment in lent[:2]
        ]
        votes[1]["seconds"] = 2.5
        *_, given = [caller("post", f"{path}annotations/", vote) for vote in votes]
        assert given.status_code == 201
        assert caller("post", f"{path}annotations/", votes[0]).status_code == 200
        refused = {**votes[0], "client_id": "no"}
        told = caller("post", f"{path}annotations/", [votes[1], refused])
        assert [result["status"] for result in told.json()["results"]] == [200, 400]
        number = given.json()["id"]
        match = {"If-Match": given.headers["ETag"]}
        own = f"{path}annotations/{number}/"
        assert caller("patch", own, {"comment": "so"}, **match).status_code == 200
        assert caller("delete", own, **match).status_code == 412
        passed = f"{path}assignments/{lent[2]['assignment']}/"
        assert caller("post", f"{passed}skip/", {"reason": "dark"}).status_code == 200
        assert caller("get", f"{path}annotations/").json()["results"]
        assert caller("post", f"{path}queue/release/", {"assignments": [1]}).json()

    project = Project.objects.get(slug="mail")
    settle.settle_project(project.pk)
    agreement.compute(project.pk)
    assert call("get", f"{path}agreement/").json()["votes"]
    (first, *_) = call("get", f"{path}disagreements/").json()["results"]
    open_ = f"{path}disagreements/{first['id']}/"
    assert call("post", f"{open_}blind/", {"label": "x"}).json()["votes"]
    assert call("get", f"{open_}similar/").status_code == 200
    decision = {"label": "x", "note": "as agreed", "precedent": False}
    assert call("post", f"{open_}resolve/", decision).status_code == 200
    other = {"labels": ["y"], "outcome": "resolved"}
    assert Checked(who)("post", f"{open_}resolve/", other).status_code in (403, 409)
    assert call("get", f"{path}precedents/").status_code == 200
    assert call("get", f"{path}doubts/flagged/").status_code == 200
    assert call("get", f"{path}training-runs/").status_code == 200
    assert call("get", f"{path}models/").status_code == 200
    nobody = {"items": [{"data": {"text": "a"}}]}
    assert call("post", f"{path}predict/", nobody).status_code == 409
    exported = call("get", f"{path}export/?format=csv")
    assert b"".join(exported.streaming_content).count(b"\r\n") == 6
    assert call("get", path).json()["counts"]["votes"] == 4
