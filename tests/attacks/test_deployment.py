"""What is deployed: the image, compose, and a site below a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import clear_script_prefix, set_script_prefix

from config.prefix import without_prefix
from labeling.models import Job, Media
from tests import make
from tests.running.machine import ROOT
from tests.test_pages import browser

OF_ONE_MACHINE = {"ASSAY_HOME", "PORT", "DEBUG", "DATABASE_URL"}


def test_attack_04_the_image_has_nothing_of_a_clone_that_was_run() -> None:
    kept_out, *others = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if not line.startswith("#")
    ]
    copied = re.findall(
        r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    names = {name for line in copied for name in line.split()}

    assert kept_out == "*"
    assert names == {line[1:] for line in others if line.startswith("!")}


def test_attack_21_compose_passes_every_documented_variable_on() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    documented = re.findall(
        r"^\| `([A-Z_]+)` \|", (ROOT / "docs/operations.md").read_text(), re.MULTILINE
    )
    passed = compose["services"]["web"]["environment"]

    assert set(documented) - OF_ONE_MACHINE <= passed.keys()
    # A password in the address would have to be without @, / and #.
    assert "PASSWORD" not in passed["DATABASE_URL"]


def test_attack_21_compose_migrates_once_and_limits_its_parts() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = [name for name, service in services.items() if "build" in service]
    migrating = [n for n in ours if "prepare" in str(services[n].get("command"))]

    assert migrating == ["prepare"]
    # The database is the broker: there is no other server to run and to keep.
    assert services.keys() - ours == {"proxy", "database"}
    assert services["web"]["environment"]["BROKER_URL"] == "${BROKER_URL:-}"
    assert "migrate" not in (ROOT / "Dockerfile").read_text()
    assert [name for name, service in services.items() if "ports" in service] == [
        "proxy"
    ]
    assert all("mem_limit" in service for service in services.values())
    assert all(services[name]["read_only"] for name in ours)
    assert all(
        re.search(r":\d+\.\d+", service["image"])
        for service in services.values()
        if "image" in service
    )


@pytest.fixture
def below_a_path(settings: Any) -> Iterator[str]:
    settings.URL_PREFIX = settings.FORCE_SCRIPT_NAME = "/x/y"
    settings.STATIC_URL = "/x/y/static/"
    set_script_prefix("/x/y/")
    yield "/x/y"
    clear_script_prefix()


@pytest.mark.django_db
def test_k17_o05_every_address_keeps_the_path_of_the_site(below_a_path: str) -> None:
    project = make.project(data_type="image")
    manager = make.member(project, "manager")
    picture = Media.objects.create(
        sha256="a" * 64, path="a", mime="image/png", size=1, width=1, height=1
    )
    item = make.item(project, media=picture)
    make.ranked(project, [item])
    job = Job.objects.create(kind="import", project=project)
    client = browser(manager.user)
    at = f"/projects/{project.slug}"
    pages = ["/", f"{at}/", f"{at}/label/", f"{at}/items/", f"{at}/items/{item.pk}/"]
    pages += [f"{at}/import/", f"{at}/export/", f"{at}/guideline/", f"{at}/members/"]
    pages += [f"{at}/models/", f"{at}/settings/", f"{at}/jobs/", "/api/docs/", "/none/"]
    # What is shown by parts that know nothing of the page: pictures, and a running job.
    pages += [f"{at}/jobs/{job.pk}/"]
    wrong: dict[str, str] = {}
    for page in pages:
        html = client.get(page).content.decode()
        named = re.findall(r'\b(?:href|src|action|data-\w+)="(/[^"]*)"', html)
        assert named
        wrong |= {name: page for name in named if not name.startswith(below_a_path)}

    assert wrong == {}
    assert f'src="/x/y/api{at}/media/' in client.get(f"{at}/items/").content.decode()
    assert f'src="/x/y/api{at}/jobs/' in client.get(pages[-1]).content.decode()
    assert Client().get("/").headers["Location"] == "/x/y/login/?next=/x/y/"
    answer = client.get(f"/api{at}/imports/")
    assert answer.status_code in (404, 405)


def test_a_proxy_may_leave_the_path_on_or_take_it_off(below_a_path: str) -> None:
    paths: list[str] = []

    def site(environ: dict[str, Any], start: object) -> list[bytes]:
        paths.append(environ["PATH_INFO"])
        return []

    served = without_prefix(site)
    for path in ("/x/y/login/", "/login/", "/x/y", "/x/yes/"):
        list(served({"PATH_INFO": path}, lambda *_: None))

    assert paths == ["/login/", "/login/", "/", "/x/yes/"]
