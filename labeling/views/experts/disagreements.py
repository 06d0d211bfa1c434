"""The page where experts decide: blind first, then with the votes in view."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.errors import AssayError, InvalidInputError, ResolvedMeanwhileError
from labeling.models import AgreementReport, Disagreement, Label, Membership
from labeling.services.experts import (
    adjudicate,
    alike,
    blind,
    decisions,
    doubts,
    inquiries,
    precedents,
    reopening,
)
from labeling.services.projects import members
from labeling.views.experts.doubts import tabs, way_back
from labeling.views.page.families import by_family
from labeling.views.page.scope import context, member_of, sentences_of, whole

MOST_NOTE = 5000


@login_required
def disagreements(request: HttpRequest, slug: str) -> HttpResponse:
    """Let an expert settle one disagreement after the other."""
    member = member_of(request, slug, members.ADJUDICATE)
    if request.method != "POST":
        return _shown(request, member, whole(request.GET.get("id")))
    pk = whole(request.POST.get("id"))
    try:
        query = _act(request, member, pk)
    except ResolvedMeanwhileError as error:
        met = {"disagreement": alike.find(member, pk), "why": error.detail}
        page = context(member, "disagreements", met=met)
        return render(request, "labeling/disagreements.html", page, status=409)
    except AssayError as error:
        return _shown(request, member, pk, error)
    return redirect(f"{reverse('disagreements', args=[slug])}?{urlencode(query)}")


def _act(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    """Call the service of the button; return the query of the next page."""
    return _ACTS.get(request.POST.get("do", ""), _label_blind)(request, member, pk)


def _defer(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    adjudicate.defer(member, pk)
    messages.info(request, _("It comes back at the end of your list."))
    return {}


def _undo(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    reopening.reopen(member, pk)
    messages.info(request, _("Your decision is taken back; decide it anew."))
    return {"id": pk}


def _ask(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    people = inquiries.ask(member, pk, request.POST.get("question", ""))
    text = ngettext(
        "%(number)s person was asked. It comes back at the end of your list, or once there is an answer.",
        "%(number)s people were asked. It comes back at the end of your list, or once there is an answer.",
        people,
    )
    messages.info(request, text % {"number": people})
    return {}


def _stay(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    return {"id": pk}


def _like(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    _report_settled(request, alike.settle_like(member, pk, _others(request)))
    return {}


_ACTS: Final = {
    "defer": _defer,
    "undo": _undo,
    "like": _like,
    "ask": _ask,
    # Enter in a form presses its first button, so the first one decides nothing.
    "stay": _stay,
}


def _label_blind(request: HttpRequest, member: Membership, pk: int) -> dict[str, int]:
    decision = _decision(request, member)
    has_seen_votes = request.POST.get("step") == "final"
    resolution = adjudicate.submit(member, pk, decision, has_seen_votes=has_seen_votes)
    if resolution is None:
        return {"id": pk}
    _report_settled(
        request, alike.settle_together(member, pk, _others(request), decision)
    )
    return {"after": pk}


def _others(request: HttpRequest) -> list[int]:
    return [whole(number) for number in request.POST.getlist("also")]


def _decision(request: HttpRequest, member: Membership) -> decisions.Decision:
    form = request.POST
    outcome = form.get("outcome") or "resolved"
    labels = (
        _majority(form["majority"]) if "majority" in form else form.getlist("label")
    )
    if outcome == "invalid" or (outcome != "resolved" and not member.project.is_multi):
        labels = []
    return decisions.Decision(
        labels=tuple(labels),
        outcome=outcome,
        note=form.get("note", "")[:MOST_NOTE].replace("\x00", ""),
        is_precedent="precedent" in form,
    )


def _majority(raw: str) -> list[str]:
    """Return the labels that the page showed as the majority's."""
    try:
        labels = json.loads(raw)
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not all(
        isinstance(label, str) for label in labels
    ):
        raise InvalidInputError(_("This is not an answer of the page; load it anew."))
    return labels


def _report_settled(request: HttpRequest, settled: list[alike.Settled]) -> None:
    """Say how many alike disagreements were decided, and why each other was not."""
    if done := sum(outcome.decided is not None for outcome in settled):
        text = ngettext(
            "%(number)s other was settled together with it.",
            "%(number)s others were settled together with it.",
            done,
        )
        messages.success(request, text % {"number": done})
    for outcome in settled:
        if outcome.refusal is not None:
            messages.warning(
                request, f"#{outcome.disagreement_id}: {outcome.refusal.detail}"
            )


def _shown(
    request: HttpRequest,
    member: Membership,
    wanted: int,
    error: AssayError | None = None,
) -> HttpResponse:
    waiting = adjudicate.waiting(member)
    disagreement = waiting.filter(pk=wanted).first() if wanted else None
    disagreement = disagreement or adjudicate.next_for(member)
    page = context(
        member,
        "disagreements",
        disagreement=disagreement,
        tabs=tabs(member),
        errors=sentences_of(error) if error else [],
        last=reopening.last_decision(member),
        today=_decided_today(member),
        after=_after(member, whole(request.GET.get("after")), disagreement),
        **(
            _asked(request, member, disagreement)
            if disagreement
            else {"report": _report(member)}
        ),
    )
    status = error.status if error else 200
    return render(request, "labeling/disagreements.html", page, status=status)


def _asked(
    request: HttpRequest, member: Membership, disagreement: Disagreement
) -> dict[str, Any]:
    """Return what a disagreement's page shows: the votes only after the own answer."""
    label_set = member.project.label_set
    labels = list(label_set.labels.all()) if label_set else []
    typed = request.POST if whole(request.POST.get("id")) == disagreement.pk else {}
    asked = {
        "families": by_family(labels),
        "typed": typed,
        "guideline": member.project.guideline,
    }
    mine = blind.blind_labels(member, disagreement.pk)
    if mine is None:
        return asked
    votes = blind.votes_of(disagreement.item_id)
    majority = blind.majority_of(member, votes)
    label, model = doubts.evidence(disagreement)
    return {
        **asked,
        "asked": inquiries.of(disagreement),
        "label": label,
        "model": model,
        "mine": mine,
        "own": ", ".join(mine.labels) or _without_label(mine.outcome),
        "chosen": mine.labels,
        "votes": [{**vote, "hue": _hue(labels, vote["labels"])} for vote in votes],
        "disputed": blind.disputed_of(member, votes),
        "majority": None if majority is None else json.dumps(majority),
        "majority_names": majority,
        "similar": alike.similar(member.project, disagreement),
        "no_precedent": precedents.why_not(disagreement.item),
    }


def _hue(labels: Iterable[Label], voted: Sequence[str]) -> str:
    """Return the color class of the first label that was voted for."""
    names = [label.name for label in labels]
    first = next((name for name in voted if name in names), None)
    return f"c{(names.index(first) + 1) % 10}" if first else ""


def _without_label(outcome: str) -> str:
    return {
        "ambiguous": _("truly ambiguous"),
        "invalid": _("not a valid item"),
    }.get(outcome, _("none of them"))


def _after(
    member: Membership, pk: int, shown: Disagreement | None
) -> dict[str, Any] | None:
    """Return the decision just made and the open disagreements that are alike.

    The disagreement that is shown now is left out: the list would tell its votes before
    the expert has answered it blind.
    """
    if not pk:
        return None
    try:
        decided = alike.find(member, pk)
    except AssayError:
        return None
    if decided.resolved_by_id != member.user_id:
        return None
    similar = alike.similar(member.project, decided)
    return {
        "disagreement": decided,
        "back": way_back(member, decided),
        "similar": [group for group in similar if group.disagreement != shown],
    }


def _decided_today(member: Membership) -> int:
    start = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Disagreement.objects.filter(
        project_id=member.project_id,
        resolved_by_id=member.user_id,
        resolved_at__gte=start,
    ).count()


def _report(member: Membership) -> AgreementReport | None:
    return AgreementReport.objects.filter(project=member.project).first()
