"""The data: search the items, and see where one item's label comes from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from labeling import queries
from labeling.errors import AssayError
from labeling.models import (
    Annotation,
    AnnotationEvent,
    BlindLabels,
    Disagreement,
    Gold,
    Item,
    Membership,
    OutsidePrediction,
    Prediction,
    Resolution,
)
from labeling.services.experts import blind
from labeling.services.projects import looking, members, removal
from labeling.services.queue import questions
from labeling.views.page.paging import Listing, listing
from labeling.views.page.scope import (
    attempt,
    context,
    member_of,
    or_404,
    sentences_of,
    whole,
)

NAMES: Final = {
    "q": lazy("Words in the data"),
    "id": lazy("Id starts with"),
    "split": lazy("Split"),
    "state": lazy("State"),
    "label": lazy("Label"),
    "tag": lazy("Tag"),
    "unread": lazy("Models cannot read it whole"),
}
YES_OR_NO: Final = (("yes", lazy("yes")), ("no", lazy("no")))
FILTERS: Final = tuple(NAMES)


@login_required
def items(request: HttpRequest, slug: str) -> HttpResponse:
    """List the items that the filters name, newest first."""
    member = member_of(request, slug, members.EXPLORE)
    query = {name: request.GET.get(name, "").strip() for name in FILTERS}
    errors: list[str] = []
    shown: Listing[Item] = Listing([])
    try:
        rows = looking.items_matching(member, query)
        is_open = blind.column(blind.has_labeled(member) & looking.is_seen(member))
        labeled = looking.with_labels(member, rows)
        shown = listing(request, labeled.annotate(has_labeled=is_open))
    except AssayError as error:
        errors = sentences_of(error)
    labels = member.project.label_set.labels.all() if member.project.label_set else []
    page = context(
        member,
        "items",
        items=shown,
        errors=errors,
        query=query,
        is_filtered=any(query.values()),
        labels=labels,
        splits=Item.Split.choices,
        states=Item.State.choices,
        yes_or_no=YES_OR_NO,
    )
    return render(request, "labeling/items.html", page, status=400 if errors else 200)


@login_required
def item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one item with its votes, its history and where its label comes from."""
    member = member_of(request, slug, members.EXPLORE)
    items = Item.objects.select_related("media", "unread")
    with or_404():
        shown = queries.item_of(member.project_id, pk, items)
    resolutions = list(
        Resolution.objects.select_related(
            "label_set", "guideline", "decided_by", "skills"
        )
        .filter(item=shown)
        .order_by("-pk")
    )
    is_deletion = "delete" in request.POST
    tried = attempt(
        request, lambda: (_delete if is_deletion else _ask)(request, member, shown)
    )
    if tried.is_done:
        return redirect("items", slug) if is_deletion else redirect("item", slug, pk)
    is_blind = _is_blind(member, shown)
    gold = Gold.objects.filter(item=shown).first() if not is_blind else None
    page = context(
        member,
        "items",
        item=shown,
        gold=gold,
        can_ask=gold is not None or _is_decided(resolutions),
        resolutions=[] if is_blind else resolutions,
        is_blind=is_blind,
        errors=tried.errors,
        **({} if is_blind else _votes_and_history(request, member, shown)),
    )
    return render(request, "labeling/item.html", page, status=tried.status)


def _delete(request: HttpRequest, member: Membership, item: Item) -> None:
    members.require(member, members.ENGINEER)
    removal.delete_now(member.project, [item.pk])
    messages.success(
        request,
        _("“%(name)s” is deleted, with its votes and labels.")
        % {"name": item.external_id},
    )


@login_required
def delete_items(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a deletion of the filtered items would take along, then request it."""
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
        errors, status = sentences_of(error), error.status
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
    """Return the filters that are set, in the words of the page."""
    values = {
        "split": dict(Item.Split.choices),
        "state": dict(Item.State.choices),
        "unread": dict(YES_OR_NO),
    }
    return [
        (NAMES[name], values.get(name, {}).get(value, value))
        for name, value in query.items()
        if value and name in NAMES
    ]


def _ask(request: HttpRequest, member: Membership, item: Item) -> None:
    is_question = request.POST.get("is_question") == "yes"
    questions.mark(member, [item.external_id], is_question=is_question)


def _is_decided(resolutions: list[Resolution]) -> bool:
    """Whether an expert's decision is the item's label now."""
    return any(
        resolution.superseded_at is None
        and resolution.source == Resolution.Source.EXPERT
        for resolution in resolutions
    )


def _is_blind(member: Membership, item: Item) -> bool:
    """Whether the votes are hidden from this person, who may still answer blind."""
    if looking.hidden_from(member).filter(pk=item.pk).exists():
        return True
    if Membership.Role(member.role) not in members.ADJUDICATE:
        return False
    is_asked = Disagreement.objects.filter(item=item, resolved_at=None).exists()
    if item.state in (Item.State.SETTLED, Item.State.INVALID) and not is_asked:
        return False
    own = Annotation.votes.filter(
        item=item, annotator_id=member.user_id, undone_at=None
    )
    labeled = BlindLabels.objects.filter(
        disagreement__item=item, expert_id=member.user_id
    )
    return not (own.exists() or labeled.exists())


def _votes_and_history(
    request: HttpRequest, member: Membership, item: Item
) -> dict[str, Any]:
    """Return the votes and the history; names only for those who manage the data."""
    names = Membership.Role(member.role) in members.ENGINEER
    is_shown = names and not member.project.hides_model
    given = Annotation.votes.filter(item=item).order_by("pk")
    votes = listing(
        request,
        given.select_related("annotator", "label_set", "guideline"),
        names=("later-votes", "earlier-votes"),
    )
    # Of all pages, so that a number is the same person on each.
    people = list(dict.fromkeys(given.values_list("annotator_id", flat=True)))
    events = AnnotationEvent.objects.select_related("actor").filter(item=item)
    history = listing(request, events, names=("older-events", "newer-events"))
    return {
        "listed": votes,
        "votes": [
            (
                vote.annotator.username
                if names
                else f"A{people.index(vote.annotator_id) + 1}",
                vote,
            )
            for vote in votes.rows
        ],
        "history": history,
        "events": [
            (event.actor.username if names and event.actor else "", event)
            for event in history.rows
        ],
        "prediction": _prediction(item) if is_shown else None,
        "outside": _outside(item) if names else [],
    }


def _is_check(item: Item) -> bool:
    """Whether an item checks people or models, so that no page says what it is."""
    return item.split == Item.Split.EVALUATION or hasattr(item, "gold")


def _prediction(item: Item) -> Prediction | None:
    """Return the model's prediction, but none for held-out items and gold questions."""
    return None if _is_check(item) else Prediction.objects.filter(item=item).first()


def _outside(item: Item) -> Iterable[OutsidePrediction]:
    """Return what sources from outside predict, but nothing for such items."""
    if _is_check(item):
        return []
    rows = OutsidePrediction.objects.select_related("source").filter(item=item)
    return rows.order_by("source")
