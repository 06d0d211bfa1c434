"""Pictures are read at once, and by the encoder as soon as it has seen them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from activelearn.core import features as core
from activelearn.core.joined import JoinedRows, csr_of
from activelearn.models import FeatureShard, ModelVersion, RepresentationChoice
from activelearn.services.features import forgetting, in_force, payloads, store
from activelearn.services.ordering import ranking
from activelearn.services.predictions import newcomers
from activelearn.services.training import choosing, encoding, triggers
from activelearn.services.versions import registry
from labeling.models import Job, Project, QueueEntry, Unread
from labeling.services.votes import gold
from labeling.services.work import jobs
from labeling.services.work.progress import SLICE, StoodBack
from tests import make
from tests.activelearn.features.test_unread import noise, picture
from tests.activelearn.test_loop import work

pytestmark = pytest.mark.django_db

SOON = in_force.SOON
JOINED = core.hash_of(core.JOINED_IMAGE_SPEC)


def add(project: Project, count: int) -> None:
    """Let items come in whose pictures are not there: their rows take no time."""
    for _ in range(count):
        make.item(project, data={"image": "gone.png"})


def pictures(count: int, *, gone: int = 0) -> Project:
    project = make.project(data_type="image")
    for number in range(count):
        picture(project, f"{project.pk}-{number}.png", noise())
    add(project, gone)
    return project


def encode(project: Project) -> Job:
    encoding.consider(project.pk)
    job = Job.objects.filter(project=project, kind="learn.encode").latest("pk")
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_a_few_pictures_are_read_by_the_encoder_at_once() -> None:
    project = pictures(2)

    table = store.load(project)

    assert table.spec_hash == JOINED
    assert isinstance(table.rows[:], JoinedRows)
    assert table.rows.shape == (2, core.width(core.JOINED_IMAGE_SPEC))
    encoding.consider(project.pk)
    assert not Job.objects.exists()


def test_the_first_order_of_many_pictures_does_not_wait_for_the_encoder() -> None:
    project = pictures(SOON + 1)

    ranking.rank(project)

    assert QueueEntry.objects.filter(project=project).count() == SOON + 1
    shard = FeatureShard.objects.get()
    assert shard.spec_hash == core.hash_of(core.IMAGE_SPEC)


def test_what_the_encoder_has_seen_is_read_by_the_next_order() -> None:
    project = pictures(1, gone=2 * SOON)
    store.load(project)

    triggers.consider_project(project.pk)
    job = encode(project)

    assert (job.state, job.result) == ("done", {"items": 2 * SOON + 1})
    # Each part is kept, so that others may go first behind it.
    kept = FeatureShard.objects.filter(spec_hash=JOINED)
    assert [shard.items for shard in kept] == [SOON, SOON, 1]
    assert (job.stage, job.stage_done, job.stage_total) == ("done", None, None)
    assert Job.objects.filter(kind="learn.rank", state="queued").exists()
    assert store.load(project).spec_hash == JOINED
    encoding.consider(project.pk)
    assert not Job.objects.filter(kind="learn.encode", state="queued").exists()


def test_a_job_says_how_many_the_encoder_has_not_seen_before() -> None:
    project = pictures(0, gone=SOON + 1)
    encode(project)
    add(project, SOON + 2)
    encoding.consider(project.pk)
    progress = jobs.claim(Job.objects.get(kind="learn.encode", state="queued").pk)
    assert progress is not None
    job = progress.job
    # It stands back for another one, behind its first chunk.
    progress.began -= SLICE + 1
    asked = jobs.enqueue("learn.rank", project=project)
    with pytest.raises(StoodBack):
        encoding.run(progress)
    jobs.cancel(asked)
    Job.objects.filter(pk=job.pk).update(alive_until=timezone.now())

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.result == {"items": SOON + 2}


def test_an_own_part_is_as_it_would_be_alone() -> None:
    project = pictures(3)
    table = store.load(project)

    own = store.load_beside(table, project, core.IMAGE_SPEC)
    encoded = store.load_beside(table, project, core.ENCODED_IMAGE_SPEC)

    assert FeatureShard.objects.count() == 1
    again = payloads.rows_of(list(project.items.order_by("pk")), core.IMAGE_SPEC)
    assert (csr_of(own.rows[:]) != again).nnz == 0
    assert encoded.rows.shape == (3, core.width(core.ENCODED_IMAGE_SPEC))
    assert (encoded.rows[:].dense == table.rows[:].dense).all()


def test_what_the_encoder_alone_sees_is_no_file_of_its_own() -> None:
    project = pictures(2)
    chosen(project, "encoded")

    table = store.load(project)

    assert table.spec_hash == core.hash_of(core.ENCODED_IMAGE_SPEC)
    assert table.rows[:].shape == (2, 1392)
    shard = FeatureShard.objects.get()
    assert shard.spec_hash == JOINED
    forgetting.forget_all()
    assert FeatureShard.objects.get() == shard


def test_of_no_picture_there_is_no_row() -> None:
    project = pictures(0)
    chosen(project, "encoded")

    assert store.load(project).rows.shape[0] == 0


def test_where_many_come_in_at_once_the_own_features_are_read_meanwhile() -> None:
    project = pictures(1, gone=SOON)
    store.load(project)
    encode(project)
    add(project, SOON)
    soon = store.spec_of(project)

    add(project, 1)

    assert soon == core.JOINED_IMAGE_SPEC
    assert store.spec_of(project) == core.IMAGE_SPEC
    # Both are kept: neither is computed twice.
    forgetting.forget_all()
    counts = FeatureShard.objects.values_list("items", flat=True)
    assert sorted(counts) == [1, SOON, SOON + 1]


def test_a_picture_that_nobody_can_read_is_named_whoever_meets_it_first() -> None:
    project = pictures(1, gone=SOON)
    damaged = picture(project, "damaged.png", b"no picture")

    encode(project)

    assert "decoded" in str(Unread.objects.get(item=damaged))
    row = store.load(project).rows_of([damaged.pk])
    assert not row.csr().nnz


def test_who_cancels_is_not_asked_again_until_it_is_run_again() -> None:
    project = pictures(0, gone=SOON + 1)
    encoding.consider(project.pk)
    jobs.cancel(Job.objects.get(kind="learn.encode"))

    encoding.consider(project.pk)
    assert Job.objects.filter(kind="learn.encode").count() == 1
    jobs.run(jobs.again(Job.objects.get(kind="learn.encode"), None).pk)

    assert store.spec_of(project) == core.JOINED_IMAGE_SPEC


def test_it_stands_back_for_an_order_of_its_own_project() -> None:
    project = pictures(0, gone=SOON + 1)
    encoding.consider(project.pk)
    job = Job.objects.get(kind="learn.encode")
    progress = jobs.claim(job.pk)
    assert progress is not None
    assert not progress.are_others_waiting()

    jobs.enqueue("learn.rank", project=project)

    assert progress.are_others_waiting()


def test_an_order_goes_first_though_it_came_later() -> None:
    project = pictures(SOON + 1)
    encoding.consider(project.pk)
    asked = jobs.enqueue("learn.rank", project=project)

    jobs.run_in_turn(Job.objects.get(kind="learn.encode").pk)

    asked.refresh_from_db()
    assert asked.state == "done"
    assert Job.objects.get(kind="learn.encode").state == "queued"


def chosen(project: Project, name: str) -> RepresentationChoice:
    return RepresentationChoice.objects.create(
        project=project,
        number=1,
        name=name,
        before="joined",
        label_count=100,
        items=100,
        compared={},
        gain=0.1,
        error=0.01,
    )


def test_pictures_whose_own_features_were_chosen_are_not_encoded() -> None:
    project = pictures(0, gone=SOON + 1)
    chosen(project, "own")

    encoding.consider(project.pk)

    assert not Job.objects.exists()
    assert store.spec_of(project) == core.IMAGE_SPEC


def test_what_the_encoder_sees_can_be_chosen_before_it_has_seen_it(
    client: Client,
) -> None:
    project = pictures(0, gone=SOON + 1)
    chosen(project, "own")
    page = models_page(project, client)
    assert page.count('value="read-by"') == 2

    choosing.choose(project, "joined", None)

    assert store.spec_of(project) == core.IMAGE_SPEC
    encode(project)
    assert store.spec_of(project) == core.JOINED_IMAGE_SPEC


def shade(number: int) -> bytes:
    """Return noise, as alike as can be, but for a corner that tells the label."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    pixels[:16] = 255 if number % 2 else 0
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, "PNG")
    return body.getvalue()


def labeled(count: int) -> Project:
    project = make.project(data_type="image", labels=("x", "y"), evaluation_rate=0)
    for number in range(count):
        item = picture(project, f"{number}.png", shade(number))
        gold.record(project, [(item, ["x" if number % 2 else "y"])])
    return project


def test_an_order_does_not_wait_for_what_serves_to_see_new_pictures() -> None:
    project = labeled(24)
    triggers.request(project, None, "a first one")
    work(project)
    registry.promote(ModelVersion.objects.get(), None)
    work(project)
    champion = registry.champion(project)
    assert champion is not None
    assert champion.spec_hash == JOINED
    add(project, SOON + 1)

    assert newcomers.score(project, store.load(project)) == 0
    assert newcomers.is_whole(project.pk)
    # Also where the next version would not read them so.
    chosen(project, "own")
    encode(project)
    assert not newcomers.is_whole(project.pk)
    assert newcomers.score(project, store.load(project)) == SOON + 1


def test_from_a_hundred_labels_on_pictures_are_compared_too() -> None:
    project = labeled(104)
    add(project, SOON)
    choosing.consider(project.pk)
    assert not Job.objects.exists()
    encode(project)
    assert store.spec_of(project) == core.JOINED_IMAGE_SPEC

    choosing.consider(project.pk)
    jobs.run(Job.objects.get(kind="learn.choose").pk)

    row = RepresentationChoice.objects.get()
    assert row.compared.keys() == {"joined", "own", "encoded"}
    assert all(0.9 < told["value"] <= 1 for told in row.compared.values())
    assert row.items == 104


def models_page(project: Project, client: Client) -> str:
    client.force_login(make.manager_of(project).user)
    return client.get(f"/projects/{project.slug}/models/").content.decode()


def test_the_models_page_says_how_far_the_encoder_is(client: Client) -> None:
    project = pictures(0, gone=SOON + 2)

    before = models_page(project, client)
    encoding.consider(project.pk)
    jobs.cancel(Job.objects.get(kind="learn.encode"))
    cancelled = models_page(project, client)
    store.complete(project, core.JOINED_IMAGE_SPEC, store.no_step)
    after = models_page(project, client)

    assert f"0 of {SOON + 2} pictures are encoded" in before
    assert "was cancelled" not in before
    assert "was cancelled" in cancelled
    assert "pictures are encoded" not in after
    assert "brightness, edges, colors and what is seen" in after
