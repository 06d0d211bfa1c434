"""Sources are added, changed and removed; their credentials are seen by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from labeling.errors import InvalidInputError, NotFoundError
from labeling.models import Item, Job, Source, SourceObject
from labeling.services.transfer.sources import setting_up
from labeling.services.transfer.sources.sealing import SealError
from labeling.services.transfer.sources.setting_up import SourceDraft
from labeling.services.work import jobs
from tests import make
from tests.labeling.transfer.files import picture
from tests.labeling.transfer.sources.server import KEY, Server, listed

pytestmark = pytest.mark.django_db


def refused(act: Any, *given: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInputError) as caught:
        act(*given)
    return caught.value.by_field


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "n" * 81}, {"name"}),
        ({"kind": "ftp"}, {"kind"}),
        ({"serving": "both"}, {"serving"}),
        ({"serving": "signed"}, {"serving"}),
        ({"when_changed": "x"}, {"when_changed"}),
        ({"endpoint": "s3.example.com"}, {"endpoint"}),
        ({"bucket": "../x"}, {"bucket"}),
        ({"bucket": ""}, {"bucket"}),
        ({"region": "a/b"}, {"region"}),
        ({"prefix": "p" * 501}, {"prefix"}),
        ({"prefix": "\x00"}, {"prefix"}),
        ({"secret": ""}, {"secret"}),
        ({"key_id": ""}, {"secret"}),
        ({"key_id": "a b"}, {"secret"}),
        ({"name": "", "bucket": "x"}, {"name", "bucket"}),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    fields: dict[str, Any], blamed: set[str]
) -> None:
    project = make.project()
    values: dict[str, Any] = {"name": "n", "bucket": "bucket"}
    values["endpoint"] = "https://s3.example.com"
    key = {"key_id": "k", "secret": "s"}

    wrong = refused(
        setting_up.add, project, None, SourceDraft(**{**values, **key, **fields})
    )

    assert wrong.keys() == blamed
    assert not Source.objects.exists()


def test_a_place_within_is_refused_before_anything_is_kept(settings: Settings) -> None:
    settings.SOURCE_NETWORKS = []
    draft = SourceDraft("n", endpoint="https://169.254.169.254", bucket="bucket")

    wrong = refused(setting_up.add, make.project(), None, draft)

    assert "SOURCE_NETWORKS" in wrong["endpoint"][0]
    assert not Source.objects.exists()


def test_a_source_is_kept_once_it_could_be_listed(server: Server) -> None:
    project = make.project()

    wrong = refused(lambda: server.source(project, bucket="nowhere"))
    source = server.source(project, prefix="/p/", name=" pictures ")

    assert "NoSuchBucket" in wrong["endpoint"][0]
    assert (source.name, source.prefix, source.region) == (
        "pictures",
        "p/",
        "us-east-1",
    )
    assert source.where == f"{server.endpoint}/bucket/p/"


def test_a_name_is_given_once_in_a_project(server: Server) -> None:
    project = make.project()
    server.source(project)
    other = server.source(project, name="another")

    assert refused(lambda: server.source(project)).keys() == {"name"}
    assert refused(setting_up.change, other, {"name": "the bucket"}).keys() == {"name"}
    assert server.source(make.project()).name == "the bucket"


def test_no_column_of_the_database_has_the_key(server: Server) -> None:
    source = server.source(make.project())

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_json(s)::text FROM labeling_source s")
        ((row,),) = cursor.fetchall()

    assert KEY.secret not in row
    assert KEY.id not in row
    with setting_up.opened(source) as store:
        assert list(store.pages()) == [[]]


def test_another_secret_key_is_said_where_the_source_is_listed(
    server: Server, settings: Settings
) -> None:
    source = server.source(make.project())
    settings.SECRET_KEY = "another one"
    job = setting_up.request_list(source, None)

    with pytest.raises(SealError):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert "Enter them again" in str(job.error)

    setting_up.change(source, {"key_id": KEY.id, "secret": KEY.secret})
    assert listed(source).job.state == Job.State.DONE


def test_a_key_that_does_not_open_it_is_not_taken(server: Server) -> None:
    source = server.source(make.project())
    before = source.credentials

    wrong = refused(setting_up.change, source, {"key_id": KEY.id, "secret": "wrong"})

    assert wrong.keys() == {"endpoint"}
    source.refresh_from_db()
    assert source.credentials == before


def test_what_is_not_named_stays(server: Server) -> None:
    source = server.source(make.project(), has_labels=True)
    before = source.credentials

    setting_up.change(
        source, {"name": "other", "endpoint": "https://elsewhere.example"}
    )

    source.refresh_from_db()
    assert (source.name, source.has_labels) == ("other", True)
    assert (source.credentials, source.endpoint) == (before, server.endpoint)


def test_removed_it_takes_its_key_along_and_leaves_the_items(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture())
    source = server.source(project)
    run = listed(source)
    waiting = setting_up.request_list(source, None)

    setting_up.remove(source)

    assert not Source.objects.exists()
    assert not SourceObject.objects.exists()
    assert Item.objects.count() == 1
    run.refresh_from_db()
    assert (run.source, run.created) == (None, 1)
    waiting.refresh_from_db()
    assert waiting.state == Job.State.CANCELLED
    with pytest.raises(InvalidInputError, match="was removed"):
        jobs.again(run.job, None)


def test_a_source_of_another_project_is_not_there(server: Server) -> None:
    source = server.source(make.project())
    stranger = make.manager_of(make.project())

    with pytest.raises(NotFoundError):
        setting_up.of_member(stranger, source.pk)


def test_two_requests_make_one_list(server: Server) -> None:
    source = server.source(make.project())

    first, second = (setting_up.request_list(source, None) for _ in range(2))

    assert first == second


def test_a_public_bucket_needs_no_key(server: Server) -> None:
    with pytest.raises(InvalidInputError):
        server.source(make.project(), key_id="", secret="")

    assert SourceDraft("n").key is None
    assert setting_up.sealed(1, None) == ""
