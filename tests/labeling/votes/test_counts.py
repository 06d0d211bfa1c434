"""Counters: exact, counted again, and mended where they are off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Annotation, Assignment, ProjectCounter
from labeling.services.queue import giving_back
from labeling.services.votes import change, counts
from tests import make

pytestmark = pytest.mark.django_db


def test_counters_that_are_off_are_mended_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    project = make.project()
    make.items(project, 3)
    who = make.member(project)
    for lent in make.lease(who, 3):
        make.vote(who, lent, "x")
    assert counts.reconcile_all() == 0
    ProjectCounter.add(project.pk, votes=2, skips=-1)

    assert counts.reconcile_all() == 2

    assert "'votes': 2" in caplog.text
    assert counts.reconcile_all() == 0


def test_votes_skips_and_what_is_taken_back_are_counted_of_each_person() -> None:
    project = make.project()
    make.items(project, 4)
    who, other = make.member(project), make.member(project)
    kept, late, skipped = make.lease(who, 3)
    make.vote(who, kept, "x")
    giving_back.skip(who, skipped.pk)
    Assignment.objects.filter(pk=late.pk).update(
        expires_at=timezone.now() - timedelta(hours=1)
    )
    undone = make.vote(who, late, "x").annotation
    change.undo(who, undone.pk, 1)
    make.vote(other, make.lease(other)[0], "y")

    counted = counts.recount(project=project.pk)

    assert counted[who.user_id]["votes"] == counted[other.user_id]["votes"] == 1
    assert counted[who.user_id]["skips"] == 1
    assert Annotation.votes.filter(undone_at=None).count() == 2
    assert counts.reconcile(project.pk) == 0
