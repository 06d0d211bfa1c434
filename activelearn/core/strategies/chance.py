"""Chance: items drawn at random; for a start where clusters tell nothing."""

from __future__ import annotations

from activelearn.core.strategies.scene import Scene, ServedRows


def chance(scene: Scene) -> ServedRows:
    """Serve items by chance, each as likely as any other."""
    drawn = scene.chance().permutation(scene.places)[: scene.policy.limits.window]
    return ServedRows("cold", drawn, 0)
