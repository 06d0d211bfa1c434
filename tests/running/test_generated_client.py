"""A client that a generator makes of the schema does the first ten minutes."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import uuid
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from labeling.models import ApiToken, Job
from labeling.services.work import jobs
from tests import make
from tools.schema import SNAPSHOT

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

# The generator knows no other files, and would tidy what is thrown away.
FILES = ("application/x-ndjson", "image/jpeg", "image/png", "image/webp")
CONFIG = {
    "content_type_overrides": dict.fromkeys(FILES, "application/octet-stream"),
    "post_hooks": [],
}


@pytest.fixture
def client_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Generate a client and return its package's name."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    name = f"assay_client_{uuid.uuid4().hex}"
    command = [sys.executable, "-W", "ignore", "-m", "openapi_python_client"]
    options = ["--path", str(SNAPSHOT), "--config", str(config), "--meta", "none"]
    made = subprocess.run(
        [*command, "generate", *options, "--output-path", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr, made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return name


class Generated:
    """The calls of a generated client, by the names of the operations."""

    def __init__(self, package: str, address: str, key: str) -> None:
        self.package = package
        kind = importlib.import_module(f"{package}.client").AuthenticatedClient
        self.client = kind(base_url=address, token=key, prefix="Token")
        self.models = importlib.import_module(f"{package}.models")
        self.types = importlib.import_module(f"{package}.types")

    def __call__(self, name: str, *path: str | int, **given: Any) -> Any:
        """Call an operation and return what the client made of the answer."""
        module = importlib.import_module(f"{self.package}.api.projects.{name}")
        reply = module.sync_detailed(*path, client=self.client, **given)
        assert 200 <= reply.status_code < 300, reply.content
        return reply.parsed

    def close(self) -> None:
        self.client.get_httpx_client().close()

    def file(self, name: str, content: bytes) -> Any:
        return self.types.File(payload=BytesIO(content), file_name=name)


def test_a_generated_client_does_the_first_ten_minutes(
    client_package: str, live_server: Any
) -> None:
    boss = make.user(manager=True)
    key = ApiToken.issue(boss)
    with closing(Generated(client_package, live_server.url, key)) as call:
        first_ten_minutes(call)


def first_ten_minutes(call: Generated) -> None:
    models = call.models

    labels = [models.LabelBody(name=name) for name in ("x", "y")]
    wanted = models.ProjectBody(
        name="Mail", data_type=models.ProjectBodyDataType.TEXT, labels=labels
    )
    made = call("projects_create", body=wanted)
    assert (made.slug, [label.name for label in made.labels]) == ("mail", ["x", "y"])

    rows = b"".join(b'{"external_id": "e%d", "text": "t%d"}\n' % (n, n) for n in (1, 2))
    form = models.ImportForm(file=call.file("items.jsonl", rows))
    asked = call("projects_imports_create", "mail", body=form)
    jobs.run(Job.objects.get(kind="import").pk)
    run = call("projects_imports_retrieve", "mail", asked.id)
    assert (run.state, run.created, run.rejected) == ("done", 2, 0)

    lease = call("projects_queue_lease_create", "mail", body=models.LeaseBody(count=2))
    assert {lent.item.external_id for lent in lease.items} == {"e1", "e2"}
    vote = models.VoteBody(
        assignment=lease.items[0].assignment,
        client_id=uuid.uuid4(),
        labels=["x"],
        seconds=1.5,
    )
    kept = call("projects_annotations_create", "mail", body=vote)
    again = call("projects_annotations_create", "mail", body=vote)
    assert (kept.labels, kept.version, again.id) == (["x"], 1, kept.id)
    assert call("projects_annotations_list", "mail").results[0].id == kept.id

    skipped = call(
        "projects_assignments_skip_create",
        "mail",
        lease.items[1].assignment,
        body=models.SkipBody(reason="dark"),
    )
    assert skipped.state == "skipped"
    assert call("projects_retrieve", "mail").counts.votes == 1
    exported = call("projects_export_retrieve", "mail").payload.read().splitlines()
    votes = [json.loads(line)["votes"] for line in exported]
    assert sorted(map(len, votes)) == [0, 1]


def test_a_refusal_reaches_a_generated_client_in_words(
    client_package: str, live_server: Any
) -> None:
    boss = make.user(manager=True)
    project = make.project(manager=boss)
    key = ApiToken.issue(boss)
    name = f"{client_package}.api.projects.projects_queue_lease_create"

    with closing(Generated(client_package, live_server.url, key)) as call:
        reply = importlib.import_module(name).sync_detailed(
            project.slug, client=call.client, body=call.models.LeaseBody(count=0)
        )

    assert (reply.status_code, reply.parsed.code) == (400, "invalid")
    assert reply.parsed.errors.to_dict() == {"count": ["From 1 to 50."]}
