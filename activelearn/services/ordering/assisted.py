"""What the likely labels do to answers: votes that saw them beside those that did not.

Of the items that the model picks, one in twenty is answered blind, by the item's number:
a random sample of them (``labeling.services.votes.suggestions``). So what differs between
its votes and the others comes from what people saw: the suggestion and the likely labels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from django.db.models import Q

from activelearn.core import intervals
from activelearn.core.intervals import Estimate
from labeling.models import Annotation, Project, Reason, Resolution
from labeling.services.votes import relabel, suggestions

# The newest votes on what the model has picked that are read.
MOST: Final = 4000
# Of fewer votes nothing is said.
FEWEST: Final = 20


@dataclass(frozen=True)
class VotesAlike:
    """Votes given alike: how long they took, in seconds, and how often they stood.

    checked: how many are on an item whose label is not theirs alone: an expert's, a known
    one or that of several votes. None where there are too few to say.
    """

    votes: int
    checked: int
    seconds: Estimate | None
    agreement: Estimate | None


@dataclass(frozen=True)
class LikelyEffect:
    """Votes with the likely labels first, and those of the blind share.

    held: how often the label of a blind vote was among the likely ones, which nobody
    saw; None where there are too few to say.
    """

    shown: VotesAlike
    blind: VotesAlike
    held: Estimate | None


class _Vote(NamedTuple):
    item: int
    label_set: int
    labels: list[str]
    seconds: float | None
    seen: list[str] | None
    likely: list[str] | None


def effect_of(project: Project) -> LikelyEffect:
    """Return what the likely labels do to the answers of a project."""
    rows = (
        Annotation.votes.filter(
            project=project,
            undone_at=None,
            reason=Reason.MODEL,
            screen="",
            # Items of several votes show nothing, and are settled in another way.
            item__votes_wanted=1,
        )
        .order_by("-pk")
        .values_list(
            *("item", "label_set", "labels", "seconds"),
            *("suggestion_shown__likely", "assignment__suggestion__likely"),
        )[:MOST]
    )
    votes = [vote for vote in map(_Vote._make, rows) if vote.likely]
    shown = [vote for vote in votes if vote.seen]
    blind = [
        vote
        for vote in votes
        if not vote.seen and suggestions.is_blind(project, vote.item)
    ]
    stands = _stand(project, [*shown, *blind])
    hits = [vote.labels[0] in (vote.likely or ()) for vote in blind if vote.labels]
    return LikelyEffect(
        _summary(shown, stands), _summary(blind, stands), _share(np.array(hits))
    )


def _stand(project: Project, votes: Collection[_Vote]) -> dict[int, bool]:
    """Return of items whose label is not one vote's alone whether the vote agrees."""
    settled = Resolution.objects.filter(
        Q(source__in=(Resolution.Source.EXPERT, Resolution.Source.GOLD))
        | Q(item__votes__gt=1),
        project=project,
        superseded_at=None,
        is_ambiguous=False,
        item__in=[vote.item for vote in votes],
    )
    labels = dict(settled.values_list("item", "labels"))
    names = relabel.names_now(project.pk)
    return {
        vote.item: relabel.translated(vote.labels, names[vote.label_set])
        == tuple(sorted(labels[vote.item]))
        for vote in votes
        if vote.item in labels
    }


def _summary(votes: Sequence[_Vote], stands: dict[int, bool]) -> VotesAlike:
    agree = [stands[vote.item] for vote in votes if vote.item in stands]
    seconds = [vote.seconds for vote in votes if vote.seconds is not None]
    enough = len(seconds) >= FEWEST
    return VotesAlike(
        votes=len(votes),
        checked=len(agree),
        seconds=intervals.median(np.array(seconds)) if enough else None,
        agreement=_share(np.array(agree)),
    )


def _share(hits: intervals.Bools) -> Estimate | None:
    return (
        intervals.wilson(float(hits.mean()), len(hits)) if len(hits) >= FEWEST else None
    )
