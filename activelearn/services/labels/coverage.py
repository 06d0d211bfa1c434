"""What the figures on held-out items leave out: disputed, skipped, without a vote."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from labeling.models import Assignment, Item, Project, Resolution
from labeling.services.transfer import beyond
from labeling.services.votes import skills


@dataclass(frozen=True)
class Coverage:
    """Held-out items by what is known of them; the parts add up to ``items``.

    firm: answered by an expert, or known. agreed: labels of two votes or more; single:
    of one. undecided: an expert finds no single answer right, so nothing is judged on them.
    disputed: their votes differ, and an expert is asked. skipped: nobody has answered, and
    somebody has skipped. beyond: held out for a label that the draw has missed, in whose
    figures alone they count. waiting: all others.
    """

    items: int
    firm: int
    agreed: int
    single: int
    disputed: int
    skipped: int
    undecided: int = 0
    beyond: int = 0

    @property
    def labeled(self) -> int:
        """How many a model can be judged on."""
        return self.firm + self.agreed + self.single

    @property
    def waiting(self) -> int:
        """How many nobody has had, or too few."""
        known = self.labeled + self.undecided + self.hard + self.beyond
        return self.items - known

    @property
    def hard(self) -> int:
        """How many have no label because people found them hard."""
        return self.disputed + self.skipped

    def at_least(self, accuracy: float) -> float:
        """Return an accuracy on the labeled items as if all hard ones were wrong."""
        # Those that nobody has met are left out: nothing is known of how hard they are.
        met = self.labeled + self.hard
        return accuracy * self.labeled / met if met else accuracy


def coverage_of(project: Project) -> Coverage:
    """Return what is known of the project's held-out items by now."""
    held_out = Item.objects.filter(project=project, split=Item.Split.EVALUATION)
    held_out = held_out.exclude(state=Item.State.INVALID).order_by()
    others = list(beyond.items_of(project.pk))
    drawn = held_out.exclude(pk__in=others)
    was_skipped = Assignment.objects.filter(
        item=OuterRef("pk"), state=Assignment.State.SKIPPED
    )
    unlabeled = drawn.filter(state=Item.State.OPEN, votes=0)
    disputed = Count("pk", filter=Q(state=Item.State.DISPUTED))
    counts = drawn.aggregate(drawn=Count("pk"), disputed=disputed)
    extra = held_out.filter(pk__in=others).count() if others else 0
    current = Resolution.objects.filter(
        project=project,
        superseded_at=None,
        item__split=Item.Split.EVALUATION,
        item__state=Item.State.SETTLED,
    )
    current = current.exclude(item__in=others).order_by()
    is_undecided = Q(is_ambiguous=True)
    is_firm = Q(source__in=skills.FIRM) & ~is_undecided
    by_votes = ~Q(source__in=skills.FIRM) & ~is_undecided
    labels = current.aggregate(
        undecided=Count("pk", filter=is_undecided),
        firm=Count("pk", filter=is_firm),
        agreed=Count("pk", filter=by_votes & Q(item__votes__gt=1)),
        single=Count("pk", filter=by_votes & Q(item__votes__lte=1)),
    )
    skipped = unlabeled.filter(Exists(was_skipped)).count()
    return Coverage(
        counts["drawn"] + extra,
        **labels,
        disputed=counts["disputed"],
        skipped=skipped,
        beyond=extra,
    )
