"""How far the encoder is with a project's pictures, for people."""

from __future__ import annotations

from dataclasses import dataclass

from activelearn.services.features import in_force
from activelearn.services.training import encoding
from labeling.models import Item, Project


@dataclass(frozen=True)
class EarlyShown:
    """How many pictures the encoder has seen, and whether nobody goes on with that."""

    seen: int
    total: int
    is_cancelled: bool


def shown(project: Project) -> EarlyShown | None:
    """Return how far it is; None where it has seen enough, or is not wanted."""
    spec = in_force.slow_spec(project)
    if spec is None or not in_force.is_behind(project, spec):
        return None
    total = Item.objects.filter(project=project).count()
    seen = total - in_force.unseen(project, spec).count()
    return EarlyShown(seen, total, encoding.is_cancelled(project.pk))
