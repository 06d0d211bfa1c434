"""Whole pictures stay in the bucket: by signed addresses, or through us; checked each time."""

from __future__ import annotations

import io
import urllib.request

import pytest
from PIL import Image

from labeling.models import Item, Media, Project, Source
from labeling.services.transfer import pictures
from labeling.services.transfer.sources import serving
from tests import make
from tests.labeling.transfer.files import bring, picture, zipped
from tests.labeling.transfer.sources.server import Server, listed
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

LARGE = 1500


def signed(server: Server, data: bytes | None = None) -> Project:
    project = make.project(data_type="image")
    server.put("x/a.png", data or picture(side=LARGE))
    listed(server.source(project, serving="signed"))
    return project


def path(project: Project, size: str = "") -> str:
    media = Media.objects.get(item__project=project)
    query = f"?size={size}" if size else ""
    return f"projects/{project.slug}/media/{media.sha256}/{query}"


def side(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as shown:
        return shown.width


def test_a_small_copy_is_kept_and_the_whole_comes_by_a_signed_address(
    server: Server,
) -> None:
    project = signed(server)
    call = make.Caller(make.manager_of(project).user)
    media = Media.objects.get()

    answer = call("get", path(project))

    assert (media.width, side(pictures.read(media)[0])) == (LARGE, 1024)
    assert answer.status_code == 302
    assert answer["Cache-Control"] == f"private, max-age={serving.KEPT}"
    assert answer["Location"].startswith(f"{server.endpoint}/bucket/x/a.png?X-Amz-")
    with urllib.request.urlopen(answer["Location"]) as whole:
        assert side(whole.read()) == LARGE
    assert side(call("get", path(project, "256")).content) == 256


def test_who_must_not_know_the_names_of_files_gets_it_through_us(
    server: Server,
) -> None:
    project = signed(server)

    answer = make.Caller(make.member(project).user)("get", path(project))

    assert answer.status_code == 200
    assert side(answer.content) == LARGE
    assert "x/a.png" not in str(answer.headers)
    assert "immutable" in answer["Cache-Control"]


@pytest.mark.parametrize("role", ["annotator", "engineer"])
@pytest.mark.parametrize("what", ["changed", "gone", "away", "forgotten"])
def test_a_picture_that_is_not_there_as_it_was_is_shown_small(
    server: Server, role: str, what: str
) -> None:
    project = signed(server)
    call = make.Caller(make.member(project, role).user)
    if what == "changed":
        server.put("x/a.png", picture(side=LARGE, shade=1))
    elif what == "gone":
        server.remove("x/a.png")
    elif what == "away":
        Source.objects.update(endpoint="http://127.0.0.1:9")
    else:
        Source.objects.update(credentials="nonsense")

    answer = call("get", path(project))

    assert answer.status_code == 200
    assert side(answer.content) == 1024
    assert answer["Cache-Control"] == "private, max-age=60"


def test_pages_may_show_pictures_of_exactly_that_origin(server: Server) -> None:
    project = signed(server)
    plain = make.project(data_type="image")
    item = Item.objects.get()

    page = browser(make.manager_of(project).user).get(
        f"/projects/{project.slug}/items/{item.pk}/"
    )
    other = browser(make.manager_of(plain).user).get(f"/projects/{plain.slug}/items/")

    policy = f"img-src 'self' data: blob: {server.endpoint};"
    assert policy in page["Content-Security-Policy"] + ";"
    assert server.endpoint not in other["Content-Security-Policy"]


def test_no_endpoint_can_widen_the_policy_of_pages(server: Server) -> None:
    project = signed(server)
    for wrong in ("https://a; script-src *", "https://a\nX: y", "*"):
        Source.objects.update(endpoint=wrong)

        assert serving.origins(project) == []


def test_a_picture_that_is_whole_here_stays_so(server: Server) -> None:
    data = picture(side=LARGE)
    before = make.project(data_type="image")
    bring(before, "x.zip", zipped({"a.png": data}))

    signed(server, data)

    media = Media.objects.get()
    assert side(pictures.read(media)[0]) == LARGE
    call = make.Caller(make.manager_of(before).user)
    assert call("get", path(before)).status_code == 200


def test_copied_after_it_was_signed_it_is_whole(server: Server) -> None:
    data = picture(side=LARGE)
    signed(server, data)
    after = make.project(data_type="image")

    bring(after, "x.zip", zipped({"a.png": data}))

    assert side(pictures.read(Media.objects.get())[0]) == LARGE


def test_of_texts_nothing_is_signed() -> None:
    assert serving.origins(make.project()) == []


def test_a_member_of_another_project_gets_nothing(server: Server) -> None:
    project = signed(server)
    stranger = make.Caller(make.manager_of(make.project()).user)

    assert stranger("get", path(project)).status_code == 404
