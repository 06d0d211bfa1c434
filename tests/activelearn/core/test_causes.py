"""The rule of what starts a run: known values, and what is no rule."""

from __future__ import annotations

import pytest

from activelearn.core import causes


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        ("labels", (("labels",),)),
        ("labels or schedule", (("labels",), ("schedule",))),
        ("  Labels   AND schedule ", (("labels", "schedule"),)),
        (
            "schedule or labels and schedule",
            (("schedule",), ("labels", "schedule")),
        ),
    ],
)
def test_and_binds_more_closely_than_or(rule: str, groups: causes.CauseGroups) -> None:
    assert causes.groups_of(rule) == groups


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("", ""),
        ("label", "label"),
        ("labels or", "labels or"),
        ("labels and labels", "labels"),
        ("labels, schedule", "labels, schedule"),
        ("(labels)", "(labels)"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_word(rule: str, word: str) -> None:
    with pytest.raises(
        ValueError, match="^" + word.replace("(", r"\(").replace(")", r"\)") + "$"
    ):
        causes.groups_of(rule)


def test_the_first_group_that_is_due_whole_has_fired() -> None:
    groups = causes.groups_of("labels and schedule or schedule")

    assert causes.fired(groups, ["labels"]) == ()
    assert causes.fired(groups, ["schedule"]) == ("schedule",)
    assert causes.fired(groups, ["schedule", "labels"]) == ("labels", "schedule")
