"""Vectors that come with the items of a file or of a call."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from labeling.errors import InvalidInputError
from labeling.messages import from_json
from labeling.models import ImportRun, Item, ItemVector, Project
from labeling.services.transfer.importing import intake, write
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.limits import LIMITS
from labeling.services.transfer.outside import item_vectors
from labeling.services.work import jobs
from tests import make
from tests.doubles import watched
from tests.labeling.transfer.files import bring, lines, picture, start, zipped

pytestmark = pytest.mark.django_db


def row(number: int, embedding: object = None, **more: object) -> dict[str, object]:
    text = f"please block the card number {number} of {number * 7919}"
    return {"id": str(number), "text": text, "embedding": embedding, **more}


def kept(project: Project) -> dict[str, list[float]]:
    """Return the vectors that there are, by the ids of their items."""
    rows = ItemVector.objects.filter(project=project).select_related("item")
    return {
        each.item.external_id: np.frombuffer(bytes(each.numbers), "<f4").tolist()
        for each in rows
    }


def refused(run: ImportRun) -> list[tuple[int, str]]:
    return [(each["row"], str(from_json(each["reason"]))) for each in run.errors]


def test_a_column_of_embeddings_comes_beside_the_items_and_not_into_their_data() -> (
    None
):
    project = make.project()

    run = bring(
        project,
        "items.jsonl",
        lines(row(1, [0.5, -1, 3]), row(2), row(3, [1, 2, 4])),
    )

    assert (run.created, run.rejected) == (3, 0)
    assert kept(project) == {"1": [0.5, -1, 3], "3": [1, 2, 4]}
    assert all("embedding" not in item.data for item in Item.objects.all())
    assert "2 embeddings are kept: Models, “How the items are read”, adds them." in map(
        str, run.notes
    )


def test_they_are_read_from_a_table_of_texts_under_any_name() -> None:
    project = make.project()
    file = 'text,vec\n"one thing","[1, 2.5]"\n"another matter","AACAPwAAAEA="\n'

    run = bring(project, "a.csv", file.encode(), {"vec": "embedding"})

    assert run.rejected == 0
    assert sorted(kept(project).values()) == [[1, 2], [1, 2.5]]


def test_one_of_another_length_is_refused_in_words_and_so_is_what_is_none() -> None:
    project = make.project()
    bring(project, "first.jsonl", lines(row(1, [1, 2, 3])))

    run = bring(
        project,
        "second.jsonl",
        lines(row(2, [1, 2]), row(3, ["x"]), row(4, {"a": 1}), row(5, [3, 2, 1])),
    )

    assert (run.created, run.rejected) == (1, 3)
    (size, other, kind) = refused(run)
    assert size == (
        1,
        "Its embedding has 2 numbers, and the others of this project have 3.",
    )
    assert other[1] == "embedding has an entry that is no number."
    assert "must be a list" in kind[1]
    assert kept(project).keys() == {"1", "5"}


def test_a_refused_row_does_not_say_how_long_they_are() -> None:
    project = make.project()

    run = bring(
        project,
        "a.jsonl",
        lines({"text": "", "embedding": [1]}, row(2, [1, 2]), row(3, [3, 4])),
    )

    assert (run.created, run.rejected) == (2, 1)
    assert kept(project) == {"2": [1, 2], "3": [3, 4]}


def test_an_item_of_before_gets_one_or_another_one() -> None:
    project = make.project()
    bring(project, "a.jsonl", lines(row(1), row(2, [1, 2]), row(3, [5, 6])))

    run = bring(
        project, "b.jsonl", lines(row(1, [7, 8]), row(2, [3, 4]), row(3, [5, 6]))
    )

    # The third says the same again.
    assert (run.created, run.filled, run.duplicates) == (0, 2, 1)
    assert kept(project) == {"1": [7, 8], "2": [3, 4], "3": [5, 6]}


def test_of_two_imports_at_once_the_first_one_says_how_long_they_are() -> None:
    project = make.project()
    run = start(project, "b.jsonl", lines(row(4, [1, 2, 3]), row(5)))
    # It has begun to read; then the other one writes.
    terms = write.terms_of(run, LIMITS)
    bring(project, "a.jsonl", lines(row(1, [1, 2])))
    raws = iter([Raw(1, row(4, [1, 2, 3])), Raw(2, row(5))])
    with write.Writer(run, terms, watched(jobs.claim(run.job_id))) as writer:
        written = list(writer.write_all(raws))

    assert [each.created for each in written] == [2]
    (remark,) = written[0].met.remarks
    assert "others of 2 numbers" in str(remark.words)
    assert kept(project).keys() == {"1"}


def test_pictures_bring_theirs_in_a_table_beside_them() -> None:
    project = make.project(data_type="image")
    table = 'file,embedding\na.png,"[1, 2]"\nb.png,"[3, 4]"\n'
    files = {"a.png": picture(20, 40), "b.png": picture(20, 200)}

    run = bring(project, "a.zip", zipped({**files, "table.csv": table.encode()}))

    assert (run.created, run.rejected) == (2, 0)
    assert sorted(kept(project).values()) == [[1, 2], [3, 4]]


def test_a_table_has_a_column_of_this_name_and_no_vectors(client: Client) -> None:
    project = make.project(data_type="table")
    file = lines({"a": 1, "embedding": "dense"}, {"a": 2, "embedding": [1, 2]})

    run = bring(project, "a.jsonl", file)

    assert (run.created, run.rejected) == (2, 0)
    assert not kept(project)
    assert Item.objects.filter(data__embedding="dense").exists()
    with pytest.raises(InvalidInputError) as refusal:
        start(project, "b.jsonl", file, {"a": "embedding"})
    assert "it has no vectors" in str(refusal.value.by_field)


def test_an_item_from_outside_brings_its_own() -> None:
    project = make.project()
    data = {"text": "a question", "embedding": [1, 2]}

    intake.add(project, [intake.checked(project, "q", data)])

    assert kept(project) == {"q": [1, 2]}
    assert Item.objects.get(external_id="q").data == {"text": "a question"}
    with pytest.raises(InvalidInputError) as refusal:
        intake.checked(project, "r", {"text": "another", "embedding": [1]})
    assert "have 2" in str(refusal.value.by_field)


def test_they_go_with_their_items_and_their_project() -> None:
    project = make.project()
    bring(project, "a.jsonl", lines(row(1, [1, 2]), row(2, [3, 4])))

    Item.objects.get(external_id="1").delete()
    assert kept(project).keys() == {"2"}
    # Another length may come where none is left.
    Item.objects.all().delete()
    assert item_vectors.size_of(project.pk).numbers is None
