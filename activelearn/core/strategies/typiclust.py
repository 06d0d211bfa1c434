"""TypiClust: typical items of more and more clusters, whatever a model would say."""

from __future__ import annotations

from activelearn.core.strategies.scene import Scene, ServedRows
from activelearn.core.strategies.typical import clustered


def typiclust(scene: Scene) -> ServedRows:
    """Serve typical items of the clusters with the fewest labels, the largest first.

    There are as many clusters as labels and a batch together, so that new ones are
    without, but ``limits.clusters`` at most (Hacohen et al. 2022, ICML, 8175–8195; typical
    is what is nearest to the middle of its cluster). Good where labels are many and
    similar items mostly share theirs.
    """
    limits = scene.policy.limits
    wanted = len(scene.labeled) + limits.batch
    return clustered(scene, min(wanted, limits.clusters), behind=True)
