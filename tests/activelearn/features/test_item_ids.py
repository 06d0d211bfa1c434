"""The ids of many items as an array, without an object for each."""

from __future__ import annotations

import numpy as np
import pytest

from activelearn.services.features.item_ids import ids_of
from labeling.models import Item
from tests import make

pytestmark = pytest.mark.django_db


def test_they_are_those_of_the_query_in_their_order() -> None:
    project = make.project()
    made = [make.item(project, data={"text": f"text {n}"}).pk for n in range(300)]
    mine = Item.objects.filter(project=project)

    ids = ids_of(mine)

    assert ids.dtype == np.int64
    assert ids.tolist() == sorted(made)
    # As an array of its own, which may be changed.
    ids[0] = 7
    assert ids_of(mine.filter(pk__in=made[:2])).tolist() == made[:2]
    assert ids_of(mine.filter(external_id="100 % of “none”")).tolist() == []
    assert ids_of(mine.filter(pk__in=[])).tolist() == []
