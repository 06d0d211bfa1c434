"""Typical items: one of each cluster in which none has a label; for the start."""

from __future__ import annotations

import numpy as np

from activelearn.core import diversity
from activelearn.core.strategies.scene import Scene, ServedRows, random_part


def typical(scene: Scene) -> ServedRows:
    """Serve one typical item of each cluster without a label, then others by chance.

    There are as many clusters as a batch has places, the largest first. What is labeled is
    clustered as well, so that the next typical items are unlike it. Good before there are
    labels: it sees all kinds of items soon.
    """
    return clustered(scene, scene.policy.limits.batch)


def clustered(scene: Scene, count: int, *, behind: bool = False) -> ServedRows:
    """Serve one typical item of each of ``count`` clusters, and others by chance.

    Of clusters without a label; ``behind`` them of all others, by how few labels they have.
    """
    policy = scene.policy
    rng = np.random.default_rng(policy.seed)
    most = policy.limits.sample
    labeled = random_part(scene.labeled, most, rng)
    both = np.union1d(random_part(scene.places, most, rng), labeled)
    points = diversity.compact(scene.rows[both], policy.seed)
    is_known = np.isin(both, labeled)
    typical_ones = diversity.typical(
        points, count, policy.seed, is_known, behind=behind
    )
    chosen = both[typical_ones]
    others = rng.permutation(np.setdiff1d(scene.places, chosen))
    ranked = np.concatenate([chosen, others])[: policy.limits.window]
    return ServedRows("cold", ranked, len(chosen))
