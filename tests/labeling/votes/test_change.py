"""Votes are changed and taken back by their version."""

from __future__ import annotations

import pytest

from labeling import queries
from labeling.errors import (
    StaleVersionError,
)
from labeling.models import (
    AnnotationEvent,
    Item,
    Resolution,
)
from labeling.services.votes import change, settle
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("exact_counts")]


def test_an_edit_of_an_old_version_is_refused() -> None:
    project = make.project()
    make.item(project)
    who = make.member(project)
    vote = make.vote(who, make.lease(who)[0], "x").annotation

    assert change.edit(who, vote.pk, 1, {"labels": ("y",)}).labels == ["y"]
    with pytest.raises(StaleVersionError):
        change.edit(who, vote.pk, 1, {"labels": ("x",)})


def test_undo_lends_the_item_again_and_keeps_the_history() -> None:
    project = make.project()
    item = make.item(project)
    who = make.member(project)
    vote = make.vote(who, make.lease(who)[0], "x").annotation
    settle.settle_project(project.pk)

    change.undo(who, vote.pk, 1)
    settle.settle_project(project.pk)

    assert queries.progress(project).votes == 0
    item.refresh_from_db()
    assert item.state == Item.State.OPEN
    assert not Resolution.objects.filter(superseded_at=None).exists()
    assert make.vote(who, make.lease(who)[0], "y").is_new
    kinds = AnnotationEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["voted", "undone", "voted"]
