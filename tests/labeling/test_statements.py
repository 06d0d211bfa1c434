"""Named statements of an .sql file."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeling.sql import statements


def loaded(folder: Path, text: str) -> dict[str, str]:
    file = folder / "some.sql"
    file.write_text(text)
    return statements.load(file)


def test_each_statement_has_its_name_and_is_one_line(tmp_path: Path) -> None:
    text = """-- Of the whole file.

-- first: gives one.
-- More about it.
SELECT 1,
    -- why there is a second
    %(two)s
-- second: gives two.
SELECT 2
"""
    assert loaded(tmp_path, text) == {
        "first": "SELECT 1, %(two)s",
        "second": "SELECT 2",
    }


def test_a_statement_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name"):
        loaded(tmp_path, "SELECT 1;\n-- second: gives two.\nSELECT 2\n")


def test_a_comment_within_a_statement_begins_no_other_one(tmp_path: Path) -> None:
    text = "-- a: gives one.\nSELECT 1\n-- Race: another lease.\nFROM x\n"

    assert loaded(tmp_path, text) == {"a": "SELECT 1 FROM x"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-- a: one.\nSELECT 1\n-- a: two.\nSELECT 2\n", "two statements named a"),
        ("-- a: two.\nSELECT 2, -- two\n3\n", "a comment stands behind code"),
    ],
)
def test_what_would_be_lost_in_silence_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        loaded(tmp_path, text)
