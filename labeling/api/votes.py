"""Votes: one, a batch or a page of them; edit, undo, one's own history, agreement."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET

from labeling.api.http.calls import HEADER, Reply, call
from labeling.api.http.hot import HotView
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.problems import document_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import queue as lent
from labeling.api.wire import votes as wire
from labeling.errors import AssayError, InvalidInputError
from labeling.models import AgreementReport, Annotation, Assignment, Membership
from labeling.services.projects import members
from labeling.services.votes import change, grid, submit, suggestions

_ETAG: Final = OpenApiParameter(
    "ETag", str, HEADER, response=[200, 201], description="The vote's version."
)
_IF_MATCH: Final = OpenApiParameter(
    "If-Match", str, HEADER, required=True, description="The version, from the `ETag`."
)


def _vote(member: Membership, vote: Annotation) -> wire.Vote:
    """Return a vote with what is revealed after it."""
    revealed = suggestions.revealed(member.project, vote)
    return wire.own_vote_of(vote, revealed)


def _reply(member: Membership, vote: Annotation, status: int = 200) -> Reply[wire.Vote]:
    """Return a vote with its version as ETag."""
    return Reply(_vote(member, vote), status, {"ETag": f'"{vote.version}"'})


class AnnotationsView(HotView):
    """Give votes, and list one's own."""

    @call(name="projects_annotations_list")
    def get(self) -> Page[wire.Vote]:
        """Return one's own standing votes, newest first."""
        votes = Annotation.with_repeats.filter(
            annotator_id=self.member.user_id,
            project_id=self.member.project_id,
            undone_at=None,
        )
        return page_of(votes, self.request, wire.own_vote_of)

    @call(201, 200, raw=wire.VoteBody | wire.Batch, headers=[_ETAG])
    def post(self, body: object) -> Reply[wire.Vote | wire.VoteOutcomes]:
        """Keep one vote, or a list of at most 100, each with an outcome of its own.

        Raises InvalidInputError for a longer list, and what ``submit`` raises for one vote.
        """
        if isinstance(body, list):
            if len(body) > submit.MAX_BATCH:
                raise InvalidInputError(
                    _("At most %(most)s answers.") % {"most": submit.MAX_BATCH}
                )
            results = [self._one_of_batch(vote) for vote in body]
            return Reply(wire.VoteOutcomes(results=results), 200)
        receipt = submit.submit(self.member, wire.vote_of(body))
        status = 201 if receipt.is_new else 200
        return _reply(self.member, receipt.annotation, status)

    def _one_of_batch(self, value: object) -> wire.VoteOutcome:
        sent = value.get("client_id") if isinstance(value, dict) else None
        client_id = sent if isinstance(sent, str) else None
        try:
            receipt = submit.submit(self.member, wire.vote_of(value))
        except AssayError as error:
            return wire.VoteOutcome(
                client_id=client_id, status=error.status, problem=document_of(error)
            )
        return wire.VoteOutcome(
            client_id=client_id,
            status=201 if receipt.is_new else 200,
            annotation=_vote(self.member, receipt.annotation),
        )


class AnnotationView(ProjectView):
    """Read, edit or undo one's own vote."""

    @call(headers=[_ETAG])
    def get(self, pk: int) -> Reply[wire.Vote]:
        """Return the vote with its version as ETag."""
        return _reply(self.member, change.own_annotation(self.member, pk))

    @call(headers=[_ETAG, _IF_MATCH])
    def patch(self, pk: int, body: wire.EditBody) -> Reply[wire.Vote]:
        """Change labels, comment or certainty."""
        changes: dict[str, Any] = {}
        if body.has_labels:
            changes["labels"] = body.chosen
        if body.comment is not UNSET:
            changes["comment"] = body.comment or ""
        if body.is_unsure is not UNSET:
            changes["is_unsure"] = body.is_unsure is True
        changed = change.edit(self.member, pk, self._version(), changes)
        return _reply(self.member, changed)

    @call(headers=[_IF_MATCH])
    def delete(self, pk: int) -> wire.Undone:
        """Undo; the item is lent to the person again."""
        again = change.undo(self.member, pk, self._version())
        lease = lent.lent_of(self.member, again, None) if again else None
        return wire.Undone(undone=pk, lease=lease)

    def _version(self) -> int:
        raw = self.request.headers.get("If-Match", "").removeprefix("W/").strip('"')
        if not raw.isdecimal() or len(raw) > 9:
            raise InvalidInputError(
                _("Send If-Match with the version from the ETag."),
                errors={"If-Match": [_("The version you read.")]},
            )
        return int(raw)


class GridView(ProjectView):
    """Lend a page of items that the model takes for the same."""

    @call()
    def post(self, body: wire.GridBody) -> wire.GridPage:
        """Return up to ``count`` items of the same ``labels``, without those ``left``."""
        page = grid.lend(self.member, body.count, body.left)
        return wire.GridPage(
            label=page.labels[0] if page.labels else "",
            labels=list(page.labels),
            items=[self._lent(assignment) for assignment in page.assignments],
            reason=page.reason,
        )

    def _lent(self, assignment: Assignment) -> lent.Lent:
        shown = suggestions.shown(self.member.project, assignment)
        return lent.lent_of(self.member, assignment, shown)


class AgreementView(ProjectView):
    """How well the annotators agree."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> wire.Agreement:
        """Return the newest report, with empty values where there is none yet."""
        report = AgreementReport.objects.filter(project=self.member.project).first()
        return wire.agreement_of(report)
