"""Pictures as they are shown: to members only, whole or small."""

from __future__ import annotations

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from labeling.models import Item, Project
from tests import make
from tests.labeling.transfer.files import bring, picture, zipped

pytestmark = pytest.mark.django_db


def test_pictures_are_for_members_only() -> None:
    project = make.project(data_type="image")
    bring(project, "x.zip", zipped({"a/1.png": picture()}))
    media = Item.objects.get().media
    assert media is not None
    sha256 = media.sha256
    path = f"projects/{project.slug}/media/{sha256}/"

    shown = make.Caller(make.member(project).user)("get", path)

    assert shown.headers["Content-Type"] == "image/png"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert make.Caller(make.user())("get", path).status_code == 404


def large(project: Project, width: int, height: int, kind: str = "PNG") -> str:
    """Bring a large picture; return where it is."""
    body = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(body, kind)
    bring(project, "x.zip", zipped({"a.png": body.getvalue()}))
    media = Item.objects.get(project=project).media
    assert media is not None
    return f"projects/{project.slug}/media/{media.sha256}/"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_small_picture_is_made_once_with_the_same_care(kind: str) -> None:
    project = make.project(data_type="image")
    path = large(project, 900, 600, kind)
    call = make.Caller(make.member(project).user)

    whole, small, again = (
        call("get", path + size) for size in ("", "?size=256", "?size=256")
    )

    with Image.open(io.BytesIO(small.content)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (256, 171))
    assert small.headers["Content-Type"] == "image/webp"
    assert len(small.content) < len(whole.content) / 4
    assert small.content == again.content
    for name in ("Cache-Control", "Content-Security-Policy", "X-Content-Type-Options"):
        assert small.headers[name] == whole.headers[name]
    _, files = default_storage.listdir(f"thumbnails/256/{path.split('/')[-2][:2]}")
    assert len(files) == 1
    assert make.Caller(make.user())("get", f"{path}?size=256").status_code == 404


def test_a_small_picture_that_was_cut_off_is_made_anew() -> None:
    project = make.project(data_type="image")
    path = large(project, 600, 900) + "?size=256"
    call = make.Caller(make.member(project).user)
    right = call("get", path).content
    name = f"thumbnails/256/{path.split('/')[-2][:2]}/{path.split('/')[-2]}.webp"
    default_storage.delete(name)
    default_storage.save(name, ContentFile(right[:100]))

    assert call("get", path).content == right
    with default_storage.open(name) as file:
        assert file.read() == right


def test_no_picture_is_made_larger_nor_of_any_other_size() -> None:
    project = make.project(data_type="image")
    path = large(project, 300, 200)
    call = make.Caller(make.member(project).user)

    assert call("get", f"{path}?size=1024").content == call("get", path).content
    for size in ("0", "255", "99999", "x", "256.0"):
        refused = call("get", f"{path}?size={size}")
        assert refused.status_code == 400
        assert "256, 1024" in refused.json()["errors"]["size"][0]
