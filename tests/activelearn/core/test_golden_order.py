"""Orders of large pools stay what they were: by arrays as by the lists of before.

The digests were made by the release before, which kept an object for each item. No model
and no clusters are in these orders, so they hang on the generator's numbers alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from activelearn.core.features import Table
from activelearn.core.strategies import ordering

IDS = np.arange(6000, dtype=np.int64) * 3 + 11
POLICY = ordering.Policy(
    strategy="auto",
    batch="spread",
    is_multi=False,
    label_count=2,
    seed=5,
    exploration_rate=0.1,
    evaluation_rate=0.2,
)
# Of these some are not in the pool: labeled, held out, gone, or without a row.
SEARCHED = [int(pk) for pk in IDS[500:4:-7]] + [5, 8]
DUEL = [int(pk) for pk in IDS[40:400:9]] + [17_000_000]
GONE = {int(pk) for pk in IDS[::4]}


def material() -> ordering.Material:
    table = Table(IDS, sparse.csr_matrix((len(IDS), 3), dtype=np.float32))
    known = {int(pk): ("xy"[pk % 2],) for pk in IDS[:30]}
    pool = [int(pk) for pk in IDS[30:5500]] + [30_000]
    held_out = [int(pk) for pk in IDS[5500:]]
    return ordering.Material(table, known, pool, held_out)


@pytest.mark.parametrize(
    ("more", "policy", "gone", "digest"),
    [
        ({}, {}, set(), "04996b3cf5be5f88"),
        ({}, {"has_fallen_back": True}, GONE, "afc2111903912399"),
        ({"searched": SEARCHED}, {}, set(), "e399cd3f4290478d"),
        ({"duel": DUEL}, {}, GONE, "42e48df8f5e2b60f"),
        (
            {"searched": SEARCHED, "duel": DUEL, "settled": 200},
            {},
            GONE,
            "aa8bd40df0927546",
        ),
    ],
    ids=["plain", "fallen back", "searched", "duel", "all"],
)
def test_the_same_seed_gives_the_order_of_before(
    more: dict[str, Any], policy: dict[str, Any], gone: set[int], digest: str
) -> None:
    made = replace(material(), **more)

    chosen = ordering.chosen(made, replace(POLICY, **policy))
    ranking = chosen.placed(np.random.default_rng(3), gone)

    written = json.dumps([asdict(pick) for pick in ranking.picks]).encode()
    # The item without a row waits for the next order.
    assert ranking.pool_size == len({*made.pool} - gone) - 1
    assert ranking.strategy == "cold"
    assert hashlib.sha256(written).hexdigest()[:16] == digest
