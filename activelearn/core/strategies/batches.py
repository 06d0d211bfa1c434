"""The top of an order by scores: unsure items that are unlike each other."""

from __future__ import annotations

import numpy as np

from activelearn.core import diversity, query
from activelearn.core.strategies.scene import Places, Scene


def ranked(scene: Scene, scores: query.Array) -> Places:
    """Return the rows with the highest ``scores`` (n,), of the places, unlike at the top."""
    limits = scene.policy.limits
    # By the number of labels: the same ones give the same order, and with each new
    # one ties fall anew.
    unsure = query.least_sure(scores, limits.window, scene.chance())
    short, rest = np.split(unsure, [limits.shortlist])
    places = scene.places[short]
    short = short[_batch(scene, places, _worth(scene, places, scores[short]))]
    return scene.places[np.concatenate([short, rest])]


def _worth(scene: Scene, places: Places, scores: query.Array) -> query.Array:
    """Return (n,) in [0, 1] what rows are worth: their scores, or these per second.

    Of the short list alone: of a whole pool, what takes a moment would go before what a
    model wants to know (Settles, Craven and Friedland 2008, NIPS workshop on
    cost-sensitive learning).
    """
    if scene.seconds is None:
        return scores
    worth = scores / scene.seconds(places)
    return np.asarray(worth / max(float(worth.max(initial=0.0)), 1e-12))


def _batch(scene: Scene, places: Places, scores: query.Array) -> Places:
    """Order a short list so that its top is unsure and unlike each other.

    places: (n,) rows of the short list; scores: (n,) in [0, 1].
    """
    policy = scene.policy
    count, seed = policy.limits.batch, policy.seed
    if policy.batch == "spread":
        points = diversity.compact(scene.rows[places], seed)
        return diversity.spread(points, scores, count, seed)
    known = scene.labeled[-policy.limits.known :]
    points = diversity.compact(scene.rows[np.concatenate([places, known])], seed)
    return query.ranked_batch(
        points[: len(places)], scores, points[len(places) :], count
    )
