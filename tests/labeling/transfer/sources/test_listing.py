"""A bucket as a source: what is new is taken, nothing is read twice, nothing is lost."""

from __future__ import annotations

import pytest

from labeling.models import ImportRun, Item, Job, Media, SourceObject
from labeling.services.transfer.importing import Limits
from labeling.services.transfer.sources import listing, setting_up
from labeling.services.work import jobs
from tests import doubles, make
from tests.labeling.transfer.files import lines, picture
from tests.labeling.transfer.sources.server import Server, counts, listed

pytestmark = pytest.mark.django_db


def states() -> dict[str, str]:
    return dict(SourceObject.objects.values_list("key", "state"))


def test_pictures_of_a_bucket_become_items_and_each_object_is_in_one_count(
    server: Server,
) -> None:
    project = make.project(data_type="image")
    server.put("p/a.png", picture(shade=1))
    server.put("p/deep/ü b+.jpg", picture(shade=200, kind="JPEG"))
    server.put("p/same.png", picture(shade=1))
    server.put("p/film.mp4", b"no picture")
    server.put("p/empty.png", b"")
    server.put("p/.DS_Store", b"x")
    server.put("p/items.csv", b"image,label\na.png,x\n")
    server.put("other/c.png", picture(shade=3))

    source = server.source(project, prefix="p/")
    run = listed(source)

    names = Item.objects.order_by("external_id").values_list("external_id", flat=True)
    assert [*names] == ["a.png", "deep/ü b+.jpg"]
    assert counts(source) == {
        "objects": 7,
        "new": 2,
        "known": 1,
        "refused": 1,
        "unused": 3,
    }
    assert (run.received, run.created, run.duplicates, run.rejected) == (7, 2, 1, 4)
    assert run.job.state == Job.State.DONE
    reasons = sorted(str(refusal.reason) for refusal in run.refusals)
    assert reasons == [
        ".DS_Store: It is a note of a file manager.",
        "empty.png: It is empty.",
        "film.mp4: Not an image that can be read (PNG, JPEG, WEBP, GIF, BMP, TIFF, AVIF, HEIF).",
        "items.csv: A list is not used in a project of pictures: import it by itself.",
    ]
    same = SourceObject.objects.get(key="same.png")
    assert same.item == Item.objects.get(external_id="a.png")
    assert source.listed_at is not None


def test_a_second_list_reads_nothing_that_is_as_it_was(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    server.put("b.txt", b"no picture")
    source = server.source(project)
    listed(source)
    Media.objects.update(size=1)
    server.put("c.png", picture(shade=2))

    run = listed(source)

    assert (run.received, run.created, run.duplicates, run.rejected) == (3, 1, 1, 1)
    # It would have been written anew, and then its size would be told again.
    assert Media.objects.filter(size=1).count() == 1
    assert counts(source) == {"objects": 3, "new": 1, "known": 1, "refused": 1}
    assert [str(refusal.reason)[:5] for refusal in run.refusals] == ["b.txt"]


def test_an_object_that_changed_is_told_until_somebody_decides(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    source = server.source(project)
    listed(source)
    before = Item.objects.get()
    server.put("a.png", picture(side=30, shade=99))

    for _ in range(2):
        run = listed(source)
        assert counts(source) == {"objects": 1, "changed": 1}
        assert [str(refusal.reason) for refusal in run.refusals] == [
            "a.png: It is another one than when it was taken: the item keeps what people have seen."
        ]
        assert Item.objects.get() == before

    setting_up.change(source, {"when_changed": "new"})
    run = listed(source)

    assert counts(source) == {"objects": 1, "new": 1}
    fresh = Item.objects.exclude(pk=before.pk).get()
    assert fresh.external_id.startswith("a.png (")
    assert SourceObject.objects.get().item == fresh
    assert counts(source) == {"objects": 1, "new": 1}
    listed(source)
    assert counts(source) == {"objects": 1, "known": 1}


def test_an_object_that_was_written_again_with_the_same_content_is_known(
    server: Server,
) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    source = server.source(project)
    listed(source)
    # Other bytes, and the same picture.
    server.put("a.png", picture(shade=1, kind="BMP"))

    listed(source)

    assert counts(source) == {"objects": 1, "known": 1}
    assert states() == {"a.png": "taken"}


def test_what_is_gone_is_marked_and_told_and_its_item_stays(server: Server) -> None:
    project = make.project(data_type="image")
    for number in range(3):
        server.put(f"{number}.png", picture(shade=40 * number))
    source = server.source(project)
    listed(source)
    server.remove("1.png")

    run = listed(source)

    assert Item.objects.count() == 3
    assert counts(source) == {"objects": 2, "known": 2, "removed": 1}
    assert [str(note) for note in run.notes] == [
        "Gone since the list before, while their items stay (1): 1.png"
    ]
    assert SourceObject.objects.exclude(removed_at=None).get().key == "1.png"
    # It is told once, counted always, and known again when it comes back.
    assert listed(source).notes == []
    assert counts(source)["removed"] == 1
    server.put("1.png", picture(shade=40))
    listed(source)
    assert not SourceObject.objects.exclude(removed_at=None).exists()
    assert counts(source) == {"objects": 3, "known": 3}


def test_an_item_that_was_deleted_does_not_come_back_by_itself(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    source = server.source(project)
    listed(source)
    Item.objects.all().delete()

    listed(source)

    assert Item.objects.count() == 0
    assert counts(source) == {"objects": 1, "known": 1}


def test_folders_are_known_labels_only_where_a_person_says_so(server: Server) -> None:
    for number, label in enumerate(("x", "y", "z")):
        server.put(f"{label}/{number}.png", picture(shade=40 * number))
    silent = make.project(data_type="image")
    told = make.project(data_type="image")

    listed(server.source(silent))
    listed(source := server.source(told, has_labels=True))

    assert not Item.objects.filter(project=silent, state="settled").exists()
    settled = Item.objects.filter(project=told, state="settled").order_by("pk")
    assert [item.resolutions.get().labels for item in settled] == [["x"], ["y"]]
    assert counts(source) == {"objects": 3, "new": 2, "refused": 1}


def test_lists_go_through_the_ordinary_importer_with_counts_of_their_own(
    server: Server,
) -> None:
    project = make.project(data_type="text")
    server.put("a.csv", b"id,text\n1,one\n2,two\n3,\n")
    server.put("b.jsonl", lines({"id": "1", "text": "one"}, {"id": "9", "text": "new"}))
    server.put("c.txt", "ein Text für sich".encode("cp1252"))
    server.put("bad.csv", b"\x00\x01")
    server.put("d.mp4", b"x")
    source = server.source(project)

    run = listed(source)

    texts = Item.objects.order_by("external_id").values_list("external_id", flat=True)
    assert [*texts] == ["1", "2", "9", "c.txt"]
    assert Item.objects.get(external_id="c.txt").data == {"text": "ein Text für sich"}
    imports = {
        each.file_name: (each.received, each.created, each.duplicates, each.rejected)
        for each in ImportRun.objects.filter(source=source).exclude(pk=run.pk)
    }
    assert imports["a.csv"] == (3, 2, 0, 1)
    assert imports["b.jsonl"] == (2, 1, 1, 0)
    named = counts(source)
    assert named["lists"] + named.get("refused", 0) == 3
    assert (named["objects"], named["new"], named["unused"]) == (5, 1, 1)
    assert run.received == run.created + run.duplicates + run.rejected

    listed(source)
    assert ImportRun.objects.filter(file_name="a.csv").count() == 1

    server.put("a.csv", b"id,text\n1,one\n2,two\n3,three\n")
    listed(source)
    again = ImportRun.objects.filter(file_name="a.csv").latest("pk")
    assert (again.created, again.duplicates) == (1, 2)


def test_a_list_that_was_broken_off_goes_on_and_counts_all(server: Server) -> None:
    project = make.project(data_type="image")
    for number in range(6):
        server.put(f"{number}.png", picture(shade=30 * number))
    source = server.source(project)
    job = setting_up.request_list(source, None)
    limits = Limits(chunk_pictures=2)

    def dies() -> None:
        raise KeyboardInterrupt

    first = doubles.watched(jobs.claim(job.pk), after="reading objects", then=dies)
    with pytest.raises(KeyboardInterrupt):
        listing.run(first, limits)
    assert Item.objects.count() == 2
    Job.objects.update(alive_until=job.created_at)

    jobs.run(job.pk)

    assert Item.objects.count() == 6
    assert counts(source) == {"objects": 6, "new": 4, "known": 2}


def test_a_server_that_is_away_fails_the_job_in_words_and_removes_nothing(
    server: Server,
) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    source = server.source(project)
    listed(source)
    source.endpoint = "http://127.0.0.1:9"
    source.save(update_fields=["endpoint"])

    job = setting_up.request_list(source, None)
    with pytest.raises(Exception, match="does not answer"):
        jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "“127.0.0.1” does not answer" in str(job.error)
    assert not SourceObject.objects.exclude(removed_at=None).exists()


def test_a_list_is_run_again_from_its_beginning(server: Server) -> None:
    project = make.project(data_type="image")
    server.put("a.png", picture(shade=1))
    server.put("b.png", picture(shade=80))
    source = server.source(project)
    run = listed(source)

    job = jobs.again(run.job, None)
    jobs.run(job.pk)

    assert counts(source) == {"objects": 2, "known": 2}
