"""What cannot be computed with costs its own row, and is named on the item and the run."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from activelearn.models import FeatureShard, TrainingRun
from activelearn.services.features import payloads, store
from activelearn.services.ordering import ranking
from activelearn.services.training import triggers
from labeling.models import Item, Media, Project, Unread
from labeling.services.projects import removal
from labeling.services.votes import gold
from labeling.services.work import jobs
from tests import make

pytestmark = pytest.mark.django_db

GOOD = [
    {"amount": n * 1.5, "is_new": "yn"[n % 2], "at": "2026-01-02"} for n in range(60)
]


def table(*odd: dict[str, object]) -> tuple[Project, list[Item]]:
    """Return a project of good rows and some odd ones, and the odd items."""
    project = make.project(data_type="table")
    for row in GOOD:
        item = make.item(project, data=row)
        gold.record(project, [(item, ["x" if item.pk % 2 else "y"])])
    return project, [make.item(project, data={**GOOD[0], **row}) for row in odd]


def picture(project: Project, name: str, data: bytes) -> Item:
    path = default_storage.save(name, ContentFile(data))
    media = Media.objects.create(
        sha256=name.rjust(64, "0"),
        path=path,
        mime="image/png",
        size=len(data),
        width=40,
        height=40,
    )
    return make.item(project, data={"image": path}, media=media)


def noise() -> bytes:
    body = io.BytesIO()
    Image.effect_noise((40, 40), 60).save(body, "PNG")
    return body.getvalue()


def told(project: Project) -> dict[int, str]:
    rows = Unread.objects.filter(project=project)
    return {row.item_id: str(row) for row in rows}


def test_k13_cells_that_cannot_be_computed_with_are_named_on_their_items() -> None:
    project, odd = table(
        {"amount": 1e308},
        {"amount": "a lot"},
        {"amount": "1e999"},
        {"at": "today"},
        {"amount": "NaN", "at": "", "is_new": None},
    )
    store.load(project)
    odd[4:] = [make.item(project, data={**GOOD[0], "is_new": "maybe"})]

    rows = store.load(project).rows[:]

    assert np.isfinite(rows.data).all()
    said = told(project)
    words = ["too large", "is no number", "is no number", "no date", "neither yes"]
    assert list(said) == [item.pk for item in odd[:5]]
    for word, item in zip(words, odd, strict=False):
        assert word in said[item.pk]
    assert "“amount”: “a lot”" in said[odd[1].pk]


def test_k13_a_picture_without_a_file_and_one_that_is_damaged_stop_nobody() -> None:
    project = make.project(data_type="image")
    good = picture(project, "good.png", noise())
    damaged = picture(project, "damaged.png", b"no picture")
    gone = picture(project, "gone.png", noise())
    default_storage.delete("gone.png")

    ranking.rank(project)

    assert FeatureShard.objects.get().items == 3
    said = told(project)
    assert said.keys() == {damaged.pk, gone.pk}
    assert "cannot be decoded" in said[damaged.pk]
    assert "is not there" in said[gone.pk]
    assert store.load(project).rows_of([good.pk]).nnz


def test_k13_values_beyond_a_number_empty_their_own_row() -> None:
    project = make.project(data_type="table")
    items = [make.item(project, data=row) for row in ({"a": 1}, {"a": "no"}, {"a": 3})]
    columns = [{"name": "a", "type": "number", "mean": float("nan"), "scale": 1}]

    rows, reasons = payloads.read(
        items[1:], {"kind": "table", "version": 1, "columns": columns}
    )

    assert not rows.toarray().any()
    assert [str(reasons[place][-1]) for place in (0, 1)] == [
        str(payloads.NOT_FINITE)
    ] * 2


def test_k13_a_run_counts_and_names_what_was_not_read(client: Client) -> None:
    project, odd = table({"amount": 1e308}, {"amount": "many"})
    user = make.manager_of(project).user
    run, _ = triggers.request(project, user, "")
    jobs.run(run.job_id)

    run = TrainingRun.objects.select_related("job").get(pk=run.pk)
    assert run.verdict
    assert run.unread == 2
    names = ", ".join(item.external_id for item in odd)
    assert any(names in str(line) for line in run.job.log)
    client.force_login(user)
    page = client.get(f"/projects/{project.slug}/models/").content.decode()
    assert page.count("2 items could not be read whole") == 2
    assert f'href="/projects/{project.slug}/items/{odd[0].pk}/"' in page
    shown = client.get(f"/projects/{project.slug}/items/?unread=yes").content.decode()
    assert all(item.external_id in shown for item in odd)
    assert shown.count("<tr>") == 3
    item_page = client.get(
        f"/projects/{project.slug}/items/{odd[1].pk}/"
    ).content.decode()
    assert "“many” is no number" in item_page


def test_a_program_is_told_what_was_not_read() -> None:
    project, odd = table({"amount": "many"})
    store.load(project)
    call = make.Caller(make.manager_of(project).user)
    place = f"projects/{project.slug}"

    listed = call("get", f"{place}/items/?unread=yes").json()["results"]

    assert [item["id"] for item in listed] == [odd[0].pk]
    assert "“many” is no number" in listed[0]["unread"][0]
    assert call("get", f"{place}/items/{odd[0].pk}/").json()["unread"]
    others = call("get", f"{place}/items/?unread=no").json()["results"]
    assert [item["unread"] for item in others] == [[]] * len(others)
    assert len(others) == 50
    assert call("get", f"{place}/features/").json()["unread"] == 1
    assert call("get", f"{place}/items/?unread=maybe").status_code == 400


def test_what_an_earlier_release_could_not_read_is_named_with_the_next_order() -> None:
    rows, (odd,) = table({"amount": "many"})
    pictures = make.project(data_type="image")
    damaged = picture(pictures, "damaged.png", b"no picture")
    picture(pictures, "good.png", noise())
    for project in (rows, pictures):
        store.load(project)
    before = list(FeatureShard.objects.values_list("pk", "sha256"))
    Unread.objects.all().delete()
    FeatureShard.objects.update(unread=None)

    for project in (rows, pictures):
        store.load(project)

    assert told(rows).keys() == {odd.pk}
    assert told(pictures).keys() == {damaged.pk}
    assert list(FeatureShard.objects.values_list("pk", "sha256")) == before
    assert not FeatureShard.objects.filter(unread=None).exists()


def test_what_was_not_read_goes_with_its_item() -> None:
    project, (odd,) = table({"amount": "many"})
    store.load(project)

    removal.delete_now(project, [odd.pk])

    assert not Unread.objects.exists()
