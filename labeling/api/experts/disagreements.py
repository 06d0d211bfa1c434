"""The experts' queue, and the examples of the guideline."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec

from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import experts as wire
from labeling.services.experts import (
    adjudicate,
    alike,
    blind,
    decisions,
    precedents,
    reopening,
)
from labeling.services.projects import members


class DisagreementsView(ProjectView):
    """The items that wait for an expert."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def get(self) -> Page[wire.Disagreement]:
        """List open disagreements without their votes, most unclear first."""
        rows = adjudicate.waiting(self.member)
        shown = partial(wire.disagreement_of, self.member)
        return page_of(rows, self.request, shown, project=self.member.project)


class BlindView(ProjectView):
    """An expert's own answer, before the votes."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    @call()
    def post(self, pk: int, body: wire.DecisionBody) -> wire.Votes:
        """Keep the answer and return the votes; ``majority`` is null where none is."""
        needs_labels = body.has_labels or body.kind == wire.RESOLVED
        labels = body.chosen if needs_labels else ()
        votes = blind.label_blind(self.member, pk, labels, outcome=body.kind)
        return wire.Votes(
            votes=[wire.past_vote_of(vote) for vote in votes],
            disputed=[
                wire.DisputedLabel(label=row.label, votes=row.votes)
                for row in blind.disputed_of(self.member, votes)
            ],
            majority=blind.majority_of(self.member, votes),
        )


class ResolveView(ProjectView):
    """An expert's decision."""

    allowed_to_write: ClassVar = members.ADJUDICATE

    @call()
    def post(self, pk: int, body: wire.ResolveBody) -> wire.Decided:
        """Resolve with ``label`` or ``labels``, ``note`` and ``outcome``.

        ``precedent`` makes it an example of the guideline; ``also`` lists others that
        are decided likewise, each with an outcome of its own.
        """
        decision = decisions.Decision(
            labels=body.chosen if body.has_labels else (),
            outcome=body.kind,
            note=body.note or "",
            is_precedent=body.precedent,
        )
        decided = adjudicate.resolve(self.member, pk, decision)
        together = alike.settle_together(self.member, pk, body.also, decision)
        others = [wire.together_of(settled) for settled in together]
        return wire.Decided(
            id=decided.pk,
            outcome=decided.outcome,
            labels=list(decided.labels),
            also=others if body.also else msgspec.UNSET,
        )


class SimilarView(ProjectView):
    """Open disagreements like this one."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def get(self, pk: int) -> wire.SimilarOnes:
        """List at most twenty with the same labels voted for, the likest first."""
        similar = alike.similar(self.member.project, alike.find(self.member, pk))
        return wire.SimilarOnes(
            results=[wire.similar_of(self.member, other) for other in similar]
        )


class DeferView(ProjectView):
    """Look at it later."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def post(self, pk: int) -> wire.Deferred:
        """Put it at the end of one's own list."""
        adjudicate.defer(self.member, pk)
        return wire.Deferred(id=pk)


class ReopenView(ProjectView):
    """Take a decision back."""

    allowed: ClassVar = members.ADJUDICATE

    @call()
    def post(self, pk: int) -> wire.Disagreement:
        """Open it again; its label stays in the item's history."""
        return wire.disagreement_of(self.member, reopening.reopen(self.member, pk))


class PrecedentsView(ProjectView):
    """Decisions shown with the guideline as examples."""

    @call()
    def get(self) -> Page[wire.Precedent]:
        """List the examples that stand, newest first."""
        rows = precedents.shown(self.member.project)
        shown = partial(wire.precedent_of, self.member)
        return page_of(rows, self.request, shown)


class PrecedentView(ProjectView):
    """One example of the guideline."""

    allowed: ClassVar = members.ADJUDICATE

    @call(204)
    def delete(self, pk: int) -> None:
        """Take it out of the guideline; the decision itself stays."""
        precedents.remove(self.member, pk)
