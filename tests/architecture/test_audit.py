"""What is made of a report about known weaknesses of packages."""

from __future__ import annotations

from typing import Any

from tools.audit import reported


def test_weaknesses_are_named_with_what_mends_them_and_so_is_what_nobody_knows() -> (
    None
):
    weakness = {"id": "PYSEC-1", "fix_versions": ["2.0", "1.9.1"]}
    report: list[dict[str, Any]] = [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "weak", "version": "1.9", "vulns": [weakness]},
        {"name": "open", "version": "3", "vulns": [{"id": "X", "fix_versions": []}]},
        {"name": "unknown", "skip_reason": "not found"},
    ]

    weak, unknown = reported(report)

    assert weak == ["weak 1.9: PYSEC-1, mended in 2.0, 1.9.1", "open 3: X"]
    assert unknown == ["unknown"]
