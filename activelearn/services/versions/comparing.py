"""Any two versions side by side, on the held-out items that both were judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from activelearn.models import Evaluation
from activelearn.services.versions import registry
from labeling.models import Project
from labeling.services.votes import relabel


@dataclass(frozen=True)
class Difference:
    """A held-out item of which one version is right and the other is wrong.

    All in the labels of today, sorted.
    """

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

    shared: held-out items that both were judged on, with the same label. right_before:
    how many of these the earlier version has right.
    """

    before: Evaluation
    now: Evaluation
    shared: int
    right_before: int
    differences: list[Difference]

    @property
    def accuracy_before(self) -> float:
        """The earlier version's accuracy on the shared items, in [0, 1]."""
        return self.right_before / self.shared

    @property
    def accuracy_now(self) -> float:
        """The later version's accuracy on the shared items, in [0, 1]."""
        right = self.right_before + len(self.fixed) - len(self.broken)
        return right / self.shared

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

    Both were judged in the words of their time: they are compared in those of today. Where
    an item's label changed between the two judgments, neither prediction is counted.

    Raises NotFoundError where one of them does not exist or was not judged.
    """
    first = registry.evaluation(project, before)
    second = registry.evaluation(project, number)
    known = {pk: (truth, given) for pk, truth, given in pairs_today(first)}
    shared = right_before = 0
    differences: list[Difference] = []
    for pk, truth, now in pairs_today(second):
        # An item that only one of them was judged on has no labels here, so it is left
        # out.
        then, earlier = known.get(pk, (None, []))
        if then != truth:
            continue
        shared += 1
        right_before += earlier == truth
        if (now == truth) != (earlier == truth):
            differences.append(Difference(pk, truth, earlier, now))
    return VersionComparison(first, second, shared, right_before, differences)


def pairs_today(
    evaluation: Evaluation,
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield the items that a version was judged on, their labels and its predictions.

    All are in the words of today.

    Raises NotFoundError where the project has been deleted.
    """
    # The first releases kept no labels: a version was judged when it had been made.
    then = evaluation.label_set_id or evaluation.model.label_set_id
    moves = relabel.words_since(then).moves
    for pk, (truth, predicted) in evaluation.pairs.items():
        sides = (relabel.translated(names, moves) for names in (truth, predicted))
        labels, given = map(list, sides)
        yield int(pk), labels, given
