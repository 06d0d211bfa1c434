"""A staged file: previewed before its import, deleted after it."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from labeling.services.transfer import importing
from tests import make
from tests.labeling.transfer.files import bring, lines

pytestmark = pytest.mark.django_db


def test_a_preview_names_rows_that_cannot_be_shown() -> None:
    project = make.project()
    data = lines({"text": "one"}, {"text": "\ud800"})

    shown = importing.preview(importing.stage(project, None, "x.jsonl", [data]))

    assert shown.rows == [{"text": "one"}]
    assert [problem["row"] for problem in shown.problems] == [2]


def test_imported_files_are_deleted_and_waiting_ones_kept() -> None:
    project = make.project()
    run = bring(project, "x.jsonl", lines({"text": "one"}))
    waiting = importing.stage(project, None, "y.jsonl", [lines({"text": "two"})])

    assert importing.forget_files() == 1

    run.refresh_from_db()
    assert run.upload is None
    assert default_storage.exists(waiting.path)
