"""Any two versions side by side, on the held-out items that both were judged on."""

from __future__ import annotations

from dataclasses import dataclass

from activelearn.models import Evaluation
from activelearn.services.versions import registry
from labeling.models import Project


@dataclass(frozen=True)
class Difference:
    """A held-out item of which one version is right and the other is wrong."""

    item_id: int
    truth: list[str]
    before: list[str]
    now: list[str]

    @property
    def is_fixed(self) -> bool:
        """Whether the later version is the one that is right."""
        return self.now == self.truth


@dataclass(frozen=True)
class VersionComparison:
    """Two evaluations, and the items on which one of the two versions is right.

    shared: held-out items that both were judged on, with the same label.
    """

    before: Evaluation
    now: Evaluation
    shared: int
    differences: list[Difference]

    @property
    def fixed(self) -> list[Difference]:
        """Items that the later version alone has right."""
        return [entry for entry in self.differences if entry.is_fixed]

    @property
    def broken(self) -> list[Difference]:
        """Items that the earlier version alone has right."""
        return [entry for entry in self.differences if not entry.is_fixed]


def compare(project: Project, number: int, before: int) -> VersionComparison:
    """Compare a version with another one, item by item.

    Where an item's label changed between the two judgments, neither prediction is counted.

    Raises NotFoundError where one of them does not exist or was not judged.
    """
    first = registry.evaluation(project, before)
    second = registry.evaluation(project, number)
    shared = 0
    differences: list[Difference] = []
    for pk, (truth, now) in second.answers.items():
        # An item that only one of them was judged on has no labels here, so it is left
        # out.
        known, earlier = first.answers.get(pk, (None, None))
        if known != truth:
            continue
        shared += 1
        if (now == truth) != (earlier == truth):
            differences.append(Difference(int(pk), truth, earlier, now))
    return VersionComparison(first, second, shared, differences)
