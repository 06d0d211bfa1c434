"""Lease, skip, flag, release, and which items are gold questions."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from labeling.api.http.calls import call
from labeling.api.http.hot import HotView
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import queue as wire
from labeling.models import Assignment, Membership
from labeling.services.projects import members
from labeling.services.queue import chosen, giving_back, lease, questions, reviews
from labeling.services.votes import suggestions


def _lent(member: Membership, assignment: Assignment) -> wire.Lent:
    """Return what is lent, with the suggestion that may be shown beside it."""
    shown = suggestions.shown(member.project, assignment)
    return wire.lent_of(member, assignment, shown)


class LeaseView(HotView):
    """Lend the person's next items."""

    @call()
    def post(self, body: wire.LeaseBody) -> wire.Lease:
        """Return up to ``count`` items, those that are held already first."""
        if body.items is None:
            lent = lease.lease(self.member, body.count)
        else:
            lent = chosen.lease(self.member, body.items)
        return wire.Lease(
            items=[_lent(self.member, assignment) for assignment in lent.assignments],
            reason=lent.reason,
            label_set=self.member.project.label_set_pk,
        )


class SkipView(ProjectView):
    """Pass an item on to others."""

    @call()
    def post(self, pk: int, body: wire.SkipBody) -> wire.Passed:
        """Skip with an optional reason."""
        return wire.passed_of(giving_back.skip(self.member, pk, body.reason or ""))


class FlagView(ProjectView):
    """Say that something is wrong with an item."""

    @call()
    def post(self, pk: int, body: wire.FlagBody) -> wire.Passed:
        """Flag with an optional comment."""
        return wire.passed_of(giving_back.flag(self.member, pk, body.comment or ""))


class ReleaseView(ProjectView):
    """Give an item back."""

    @call()
    def post(self, pk: int) -> wire.Passed:
        """Release an unanswered item."""
        return wire.passed_of(giving_back.release(self.member, pk))


class ReleaseManyView(ProjectView):
    """Give items back in one call, as a station that is closed does."""

    @call()
    def post(self, body: wire.ReleaseBody) -> wire.Released:
        """Release those of ``assignments`` (at most 100 ids) that are still held."""
        return wire.Released(
            released=giving_back.release_many(self.member, body.assignments)
        )


class GoldQuestionsView(ProjectView):
    """Which items with a known answer are asked to see how well people do."""

    allowed: ClassVar = members.EXPLORE

    @call()
    def post(self, body: wire.GoldBody) -> wire.GoldMarked:
        """Ask ``items`` (external ids) as gold questions, or stop asking them."""
        marked = questions.mark(self.member, body.items, is_question=body.is_question)
        return wire.GoldMarked(
            items=[gold.item.external_id for gold in marked],
            is_question=body.is_question,
        )


class ReviewsView(ProjectView):
    """The reviews of a project."""

    allowed: ClassVar = members.ENGINEER

    @call(name="projects_reviews_list")
    def get(self, query: wire.ReviewQuery) -> Page[wire.Review]:
        """List them, newest first."""
        project = self.member.project
        rows = reviews.listed(project, query.state, query.external_id)
        shown = partial(wire.review_of, slug=project.slug)
        return page_of(rows, self.request, shown)


class ReviewView(ProjectView):
    """One review."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, pk: int) -> wire.Review:
        """Return its state and, once people have settled it, its labels."""
        project = self.member.project
        return wire.review_of(reviews.of_project(project, pk), project.slug)


class ReviewWithdrawView(ProjectView):
    """A way to say that nobody waits for a review any more."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def post(self, pk: int) -> wire.Review:
        """Withdraw it; its item takes its usual place. What is settled stays."""
        project = self.member.project
        return wire.review_of(reviews.withdraw(project, pk), project.slug)
