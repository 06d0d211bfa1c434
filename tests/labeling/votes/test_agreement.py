"""Reports of agreement: one for the same votes."""

from __future__ import annotations

import pytest

from labeling.models import (
    AgreementReport,
    Disagreement,
    Item,
)
from labeling.services.votes import agreement, change, settle
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def disagreement() -> tuple[Disagreement, Item]:
    project = make.project(overlap=2)
    item = make.item(project)
    for label in ("x", "y"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    return Disagreement.objects.get(item=item), item


def test_the_same_votes_give_the_same_report() -> None:
    _, item = disagreement()

    first = agreement.compute(item.project_id)
    again = agreement.compute(item.project_id)

    assert first is not None
    assert first == again
    assert first.percent == 0


def test_the_newest_report_is_of_the_votes_that_stand_now() -> None:
    _, item = disagreement()
    project = item.project
    before = agreement.compute(project.pk)
    other = make.item(project)
    make.ranked(project, [other])
    who = make.member(project)
    given = make.vote(who, make.lease(who)[0], "x").annotation
    assert agreement.compute(project.pk) != before

    change.undo(who, given.pk, given.version)
    agreement.compute(project.pk)

    assert AgreementReport.objects.first() == before
