"""What a project has that chooses nothing: coverage first, then the model's doubts."""

from __future__ import annotations

from typing import Final

from activelearn.core.strategies.balanced import balanced
from activelearn.core.strategies.chance import chance
from activelearn.core.strategies.scene import Scene, ServedRows
from activelearn.core.strategies.typical import typical
from activelearn.core.strategies.unsure import unsure_by

FEW_LABELS: Final = 3
_margin = unsure_by("margin")


def auto(scene: Scene) -> ServedRows:
    """Serve a start that covers the data, then what the model is unsure of, spread.

    Typical items until a whole batch is labeled, then the k-means margin. Texts of two or
    three labels start by chance, for sentiments do not cluster; other items of so few
    labels are ordered by the model from twenty labels on. Both are balanced then: the
    margin alone asks for the rarer label until nobody knows how rare it is. What each of
    these is worth: docs/learning.md.
    """
    policy = scene.policy
    has_few = policy.label_count <= FEW_LABELS
    start = chance if has_few and policy.is_text else typical
    is_covered = len(scene.labeled) >= policy.limits.batch
    if not is_covered and (policy.is_text or not has_few):
        return start(scene)
    return balanced(scene) if has_few else _margin(scene)
