"""The geometry of slots and ranks holds for what a project may be."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from labeling.models import ALL_PURPOSES, Project, QueueEntry
from labeling.services.queue import numbers, order
from tests import make


@pytest.mark.django_db
def test_no_vote_stands_where_gold_questions_and_repeats_do() -> None:
    project = Project(overlap=numbers.FIRST_QUESTION_SLOT)
    with pytest.raises(ValidationError) as refused:
        project.full_clean()
    assert "overlap" in refused.value.message_dict
    assert numbers.FIRST_QUESTION_SLOT < numbers.FIRST_REPEAT_SLOT < 32_767


@pytest.mark.django_db
def test_every_new_order_lies_before_the_one_before_and_what_is_refilled_last() -> None:
    project = make.project(overlap=2, min_votes=2)
    item, other, last = make.items(project, 3)
    half = numbers.GENERATION_STEP / 2
    first = order.Entry(item.pk, 0, is_first=True, rank=1 - half, reason="model")
    order.swap(project.pk, [first])
    generation = QueueEntry.objects.get(item=item)
    latest = order.Entry(other.pk, 0, is_first=True, rank=half - 1, reason="model")
    order.swap(project.pk, [latest])
    order.refill(make.member(project), ALL_PURPOSES)

    assert QueueEntry.objects.get(item=other, slot=0).rank < generation.rank
    refilled = QueueEntry.objects.filter(item=last).order_by("rank")
    assert list(refilled.values_list("slot", flat=True)) == [0, 1]
    assert refilled[0].rank > generation.rank
