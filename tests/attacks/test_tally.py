"""What a worker wrote before it died is counted once (attacks-2, 34)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from labeling.models import ImportRun, Item, Job
from labeling.services.transfer import importing
from labeling.services.transfer.importing import Limits
from labeling.services.work import jobs
from tests import make
from tests.doubles import interrupted, watched
from tests.labeling.transfer.files import bring, lines, start

pytestmark = pytest.mark.django_db
LIMITS = Limits(chunk_rows=4)
ROWS = [
    {"id": "same", "text": "another text than that of the item of this name"},
    *({"id": f"n{n}", "text": f"row {n}"} for n in range(9)),
    {"id": "again", "text": "row 3"},
    {"id": "empty", "text": ""},
    {"id": "old", "text": "known", "tags": ["new"]},
]


class Died(BaseException):
    """The worker is no more."""


def die() -> None:
    raise Died


def counts(run: ImportRun) -> dict[str, int]:
    run.refresh_from_db()
    counted = ("received", "created", "filled", "duplicates", "rejected")
    return {name: getattr(run, name) for name in counted}


def begun(project_rows: bytes) -> ImportRun:
    """Request the import into a project that has an item of one name and content."""
    project = make.project()
    bring(
        project,
        "before.jsonl",
        lines({"id": "same", "text": "a"}, {"id": "old", "text": "known"}),
    )
    return start(project, "x.jsonl", project_rows)


def killed(run: ImportRun, after: int) -> None:
    """Let a worker die in the transaction of the chunk that ends with row ``after``."""
    with pytest.raises(Died):
        importing.run(interrupted(run.job, after=after, then=die), LIMITS)
    Job.objects.filter(pk=run.job_id).update(alive_until=timezone.now())


@pytest.mark.parametrize("deaths", [[], [4], [8], [8, 12], [12, 8], [13]])
def test_attack_34_the_tally_is_the_same_after_deaths_of_its_worker(
    deaths: list[int],
) -> None:
    run = begun(lines(*ROWS))

    for after in deaths:
        killed(run, after)
    importing.run(watched(jobs.claim(run.job_id)), LIMITS)

    assert counts(run) == {
        "received": 13,
        "created": 9,
        "filled": 1,
        "duplicates": 1,
        "rejected": 2,
    }
    assert [row["row"] for row in run.remarks] == [11]
    assert Item.objects.count() == 2 + 9


def test_attack_34_counts_go_on_where_they_were_while_a_file_is_read_again() -> None:
    run = begun(lines(*ROWS))
    killed(run, 12)
    before = counts(run)
    progress = watched(jobs.claim(run.job_id), look=lambda: counts(run))
    importing.run(progress, LIMITS)

    assert before["received"] == 8
    assert progress.reports[0].seen == before
    last: Any = progress.reports[-1].seen
    assert last["received"] == 13


def test_an_import_that_is_run_again_says_what_it_finds_then() -> None:
    run = begun(lines(*ROWS[1:5]))
    jobs.run(run.job_id)
    first = counts(run)

    again = importing.again(run.job, None)
    jobs.run(again.pk)

    assert (first["created"], first["duplicates"]) == (4, 0)
    assert (counts(run)["created"], counts(run)["duplicates"]) == (0, 4)
