"""The data: search the items, and see where one item's label comes from."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from labeling import queries
from labeling.errors import AssayError
from labeling.models import (
    Annotation,
    AnnotationEvent,
    BlindAnswer,
    Disagreement,
    Gold,
    Item,
    Membership,
    Prediction,
    Resolution,
)
from labeling.services.projects import members, removal
from labeling.services.queue import questions
from labeling.views.page.paging import Listing, newest_first
from labeling.views.page.scope import attempt, context, member_of, said, whole

NAMES: Final = {
    "id": lazy("Id starts with"),
    "split": lazy("Split"),
    "state": lazy("State"),
    "label": lazy("Label"),
    "tag": lazy("Tag"),
}
FILTERS: Final = tuple(NAMES)


@login_required
def items(request: HttpRequest, slug: str) -> HttpResponse:
    """List the items that the filters name, newest first."""
    member = member_of(request, slug, members.EXPLORE)
    query = {name: request.GET.get(name, "").strip() for name in FILTERS}
    errors: list[str] = []
    listing: Listing[Item] = Listing([])
    try:
        rows = queries.items_matching(member.project, query)
        current = Resolution.objects.filter(superseded_at=None)
        listing = newest_first(
            request,
            rows.prefetch_related(
                Prefetch("resolutions", queryset=current, to_attr="current")
            ),
        )
    except AssayError as error:
        errors = said(error)
    labels = member.project.label_set.labels.all() if member.project.label_set else []
    page = context(
        member,
        "items",
        items=listing,
        errors=errors,
        query=query,
        is_filtered=any(query.values()),
        labels=labels,
        splits=Item.Split.choices,
        states=Item.State.choices,
    )
    return render(request, "labeling/items.html", page, status=400 if errors else 200)


@login_required
def item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one item with its votes, its history and where its label comes from."""
    member = member_of(request, slug, members.EXPLORE)
    found = (
        Item.objects.select_related("media").filter(pk=pk, project=member.project)
    ).first()
    if found is None:
        raise Http404("There is no such item in this project.")
    resolutions = list(
        Resolution.objects.select_related("label_set", "guideline", "decided_by")
        .filter(item=found)
        .order_by("-pk")
    )
    is_deletion = "delete" in request.POST
    tried = attempt(
        request, lambda: (_delete if is_deletion else _ask)(request, member, found)
    )
    if tried.is_done:
        return redirect("items", slug) if is_deletion else redirect("item", slug, pk)
    is_open = _is_blind(member, found)
    gold = Gold.objects.filter(item=found).first() if not is_open else None
    page = context(
        member,
        "items",
        item=found,
        gold=gold,
        can_ask=gold is not None or _is_decided(resolutions),
        resolutions=[] if is_open else resolutions,
        is_blind=is_open,
        errors=tried.errors,
        **({} if is_open else _told(member, found)),
    )
    return render(request, "labeling/item.html", page, status=tried.status)


def _delete(request: HttpRequest, member: Membership, found: Item) -> None:
    members.require(member, members.ENGINEER)
    removal.delete_now(member.project, [found.pk])
    told = _("“%(name)s” is deleted, with its votes and labels.")
    messages.success(request, told % {"name": found.external_id})


@login_required
def delete_items(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what goes with the items that the filters name, then ask for it."""
    member = member_of(request, slug, members.ENGINEER)
    query = {name: request.GET.get(name, "").strip() for name in (*FILTERS, "all")}
    typed = whole(request.POST.get("number"))
    tried = attempt(
        request,
        lambda: removal.request_deletion(
            member.project, member.user, query, expected=typed
        ),
    )
    if tried.is_done:
        return redirect("job", slug, tried.result.pk)
    loss, errors, status = None, tried.errors, tried.status
    try:
        loss = removal.loss_of(removal.chosen(member.project, query))
    except AssayError as error:
        errors, status = said(error), error.status
    page = context(
        member,
        "items",
        loss=loss,
        errors=errors,
        named=_in_words(query),
        is_all=bool(query["all"]),
    )
    return render(request, "labeling/delete_items.html", page, status=status)


def _in_words(query: dict[str, str]) -> list[tuple[object, object]]:
    """Return the filters that are set as people call them."""
    values = {
        "split": dict(Item.Split.choices),
        "state": dict(Item.State.choices),
    }
    return [
        (NAMES[name], values.get(name, {}).get(value, value))
        for name, value in query.items()
        if value and name in NAMES
    ]


def _ask(request: HttpRequest, member: Membership, found: Item) -> None:
    is_question = request.POST.get("is_question") == "yes"
    questions.mark(member, [found.external_id], is_question=is_question)


def _is_decided(resolutions: list[Resolution]) -> bool:
    """Whether an expert's decision is the item's label now."""
    return any(
        one.superseded_at is None and one.source == Resolution.Source.EXPERT
        for one in resolutions
    )


def _is_blind(member: Membership, found: Item) -> bool:
    """Whether the votes are kept from an expert who may still be asked about them."""
    if Membership.Role(member.role) not in members.ADJUDICATE:
        return False
    is_asked = Disagreement.objects.filter(item=found, resolved_at=None).exists()
    if found.state in (Item.State.SETTLED, Item.State.INVALID) and not is_asked:
        return False
    own = Annotation.votes.filter(
        item=found, annotator_id=member.user_id, undone_at=None
    )
    answered = BlindAnswer.objects.filter(
        disagreement__item=found, expert_id=member.user_id
    )
    return not (own.exists() or answered.exists())


def _told(member: Membership, found: Item) -> dict[str, Any]:
    """Return the votes and the history; names only for those who manage the data."""
    names = Membership.Role(member.role) in members.ENGINEER
    votes = list(
        Annotation.votes.select_related("annotator", "label_set", "guideline")
        .filter(item=found)
        .order_by("pk")[:200]
    )
    people: dict[int, str] = {}
    for vote in votes:
        known = vote.annotator.username if names else f"A{len(people) + 1}"
        people.setdefault(vote.annotator_id, known)
    events = AnnotationEvent.objects.select_related("actor").filter(item=found)
    return {
        "votes": [(people[vote.annotator_id], vote) for vote in votes],
        "events": [
            (event.actor.username if names and event.actor else "", event)
            for event in events.order_by("-pk")[:200]
        ],
        "prediction": _prediction(found) if names else None,
    }


def _prediction(found: Item) -> Prediction | None:
    """Return the model's answer; there is none for items that judge models or people."""
    is_judge = found.split == Item.Split.EVALUATION or hasattr(found, "gold")
    return None if is_judge else Prediction.objects.filter(item=found).first()
