"""The metrics: what each series says, and that the dashboard asks for none that is not there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from prometheus_client.parser import text_string_to_metric_families

from labeling.models import AgreementReport, Job, Project
from labeling.services.votes import agreement, settle
from labeling.services.work import jobs
from tests import make
from tests.activelearn.test_one_label import trained

pytestmark = pytest.mark.django_db
ROOT: Final = Path(__file__).parent.parent
DASHBOARD: Final = ROOT / "docs" / "dashboards" / "assay.json"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read() -> Samples:
    reply = Client().get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert reply.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.content.decode())
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def voted() -> Project:
    project = make.project(overlap=2)
    make.items(project, 3)
    for who in (make.member(project), make.member(project)):
        for lent in make.lease(who, 3):
            make.vote(who, lent, "x")
    settle.settle_project(project.pk)
    return project


def test_each_series_says_what_is_there() -> None:
    project = voted()
    of = {"project": project.slug}
    make.items(project, 2)
    make.lease(make.member(project), 1)
    jobs.enqueue("agreement", project=project)

    samples = read()

    assert value(samples, "assay_votes_total") == 6
    assert value(samples, "assay_project_votes_total", **of) == 6
    assert value(samples, "assay_project_labels_total", **of) == 3
    assert value(samples, "assay_project_skips_total", **of) == 0
    assert value(samples, "assay_leases_open") == 1
    assert (
        value(samples, "assay_jobs_open") == Job.objects.filter(state="queued").count()
    )
    waiting = value(samples, "assay_job_waiting_seconds", queue="interactive")
    assert waiting is not None
    assert 0 <= waiting < 60
    assert value(samples, "assay_disagreements_open") == 0


def test_a_model_that_serves_has_its_accuracy_and_its_age() -> None:
    project = trained()
    of = {"project": project.slug}
    samples = read()

    version = project.model_versions.get(stage="champion")
    assert value(samples, "assay_model_version", **of) == version.number
    accuracy = value(samples, "assay_model_accuracy", **of)
    assert version.evidence is not None
    assert accuracy == version.evidence.summary.accuracy.value
    age = value(samples, "assay_model_age_seconds", **of)
    assert age is not None
    assert 0 <= age < 600
    assert value(samples, "assay_training_runs", **of, state="done") == 1
    assert value(samples, "assay_jobs_ended", kind="learn.train", state="done") == 1


def test_more_projects_cost_no_more_statements() -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read()
        return len(queries)

    voted()
    few = statements()
    for _ in range(4):
        voted()

    assert statements() == few


def test_a_request_is_counted_by_its_route_and_not_by_what_a_caller_writes() -> None:
    project = make.project()
    call = make.Caller(make.manager_of(project).user)
    route = "/api/projects/<slug:slug>/"
    seen = {"route": route, "method": "GET", "status": "2xx"}
    name = "assay_http_request_seconds_count"
    before = value(read(), name, **seen) or 0

    call("GET", f"projects/{project.slug}/")
    Client().get("/made/up/by/somebody")
    Client().generic("MADEUP", "/made/up")

    samples = read()
    assert value(samples, name, **seen) == before + 1
    routes = {dict(labels)["route"] for key, labels in samples if key == name}
    methods = {dict(labels)["method"] for key, labels in samples if key == name}
    assert not any("made" in each for each in routes)
    assert "MADEUP" not in methods
    assert "other" in methods


_TWO: Final = """
import sys
from types import SimpleNamespace
from config.metrics import requests
requests.prepare()
reply = SimpleNamespace(status_code=200)
asked = SimpleNamespace(resolver_match=None, method="GET")
timed = requests.Timed(lambda request: reply)
for _ in range(int(sys.argv[1])):
    timed(asked)
"""
_READ: Final = """
from prometheus_client import CollectorRegistry, generate_latest
from config.metrics import requests
registry = CollectorRegistry()
for each in requests.collectors():
    registry.register(each)
print(generate_latest(registry).decode())
"""


def test_what_two_processes_have_answered_is_added_up(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared"),
        "SECRET_KEY": "x",
    }

    def run(code: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    run(_TWO, "3")
    run(_TWO, "4")

    counts = re.findall(r"assay_http_request_seconds_count\{.*\} (\S+)", run(_READ))
    assert counts == ["7.0"]


def queries_of(panels: list[Mapping[str, Any]]) -> list[str]:
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_dashboard_asks_for_series_that_are_there() -> None:
    project = trained()
    boss = make.Caller(make.manager_of(project).user)
    boss("GET", f"projects/{project.slug}/")
    agreement.compute(project.pk)
    assert AgreementReport.objects.exclude(krippendorff_alpha=None).exists()
    jobs.enqueue("agreement", project=project)
    samples = read()
    labels_of: dict[str, set[str]] = {}
    for name, labels in samples:
        labels_of.setdefault(name, set()).update(key for key, _ in labels)
    routes = {f"/{route}" for route in _routes(get_resolver())}
    expressions = queries_of(json.loads(DASHBOARD.read_text())["panels"])

    assert len(expressions) > 15
    for expression in expressions:
        for name in re.findall(r"assay_\w+", expression):
            assert name in labels_of, expression
        for route in re.findall(r'route="([^"]*)"', expression):
            assert route in routes, expression
    legends = [
        (re.findall(r"assay_\w+", target["expr"])[0], label)
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    ]
    for name, label in legends:
        assert label in labels_of[name]


def _routes(resolver: Any, before: str = "") -> list[str]:
    routes = []
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        is_leaf = not hasattr(pattern, "url_patterns")
        routes += [route] if is_leaf else _routes(pattern, route)
    return routes


def test_the_documents_name_each_series_and_no_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    trained()
    own = {
        name.removesuffix("_created") for name, _ in read() if name.startswith("assay_")
    }
    own = {re.sub(r"_(bucket|count|sum)$", "", name) for name in own}

    named = set(re.findall(r"`(assay_\w+)", text))

    assert own - named == set()
