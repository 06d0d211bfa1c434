"""How a project is set up: its guideline, its labels, its policy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Guideline, Item, Label, LabelSet, Membership, Project
from labeling.services.experts import precedents
from labeling.services.projects import members, projects, removal
from labeling.views.page.paging import by_page, newest_first
from labeling.views.page.prose import html_of
from labeling.views.page.scope import Tried, attempt, context, member_of, whole

if TYPE_CHECKING:
    _Form = forms.ModelForm[Project]
else:
    _Form = forms.ModelForm

SPARE_ROWS: Final = 3
# What a label without a color of its own is shown in, by its place.
PALETTE: Final = ("#3b6fd4", "#1f8a55", "#c2502e", "#a347b8", "#9a7414")


@login_required
def guideline(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the guideline and its versions; experts and managers write new ones."""
    member = member_of(request, slug, members.LABEL)
    now = member.project.guideline
    text = request.POST.get("text", now.text if now else "")
    is_preview = "preview" in request.POST
    act = _remove_example if "remove" in request.POST else _revise
    tried = Tried() if is_preview else attempt(request, lambda: act(request, member))
    if tried.is_done:
        return redirect("guideline", slug)
    versions = Guideline.objects.select_related("created_by").filter(
        project=member.project
    )
    chosen = versions.filter(version=whole(request.GET.get("version"))).first()
    page = context(
        member,
        "guideline",
        errors=tried.errors,
        now=now,
        chosen=chosen,
        changes=_changes(chosen) if chosen else [],
        html=html_of(chosen.text if chosen else (now.text if now else "")),
        text=text,
        preview=html_of(text) if is_preview else None,
        versions=by_page(request, versions.order_by("-version"), size=10),
        examples=newest_first(request, precedents.shown(member.project), size=20),
        may_revise=Membership.Role(member.role) in members.ADJUDICATE,
    )
    return render(request, "labeling/guideline.html", page, status=tried.status)


def _revise(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.ADJUDICATE)
    made = projects.revise_guideline(
        member.project, member.user, request.POST.get("text", "")
    )
    messages.success(
        request, _("Version %(number)s is in force.") % {"number": made.version}
    )


def _remove_example(request: HttpRequest, member: Membership) -> None:
    members.require(member, members.ADJUDICATE)
    precedents.remove(member, whole(request.POST.get("remove")))
    messages.success(request, _("The example is taken out; its decision stays."))


def _changes(chosen: Guideline) -> list[tuple[str, str, str]]:
    """Return the lines that a version added and removed."""
    before = (
        Guideline.objects.filter(project=chosen.project_id, version__lt=chosen.version)
        .order_by("-version")
        .first()
    )
    lines = difflib.ndiff(
        before.text.splitlines() if before else [], chosen.text.splitlines()
    )
    kinds = {"+": ("added", _("added")), "-": ("removed", _("removed"))}
    return [(*kinds[line[0]], line[2:]) for line in lines if line[0] in kinds]


@login_required
def labels(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the labels and make a new version of them."""
    member = member_of(request, slug, members.MANAGE)
    tried = attempt(request, lambda: _revise_labels(request, member))
    if tried.is_done:
        return redirect("labels", slug)
    used = queries.labels_in_use(member.project_id)
    rows = (
        _typed_rows(request.POST)
        if tried.errors
        else [_row(label) for label in _labels_of(member)]
    )
    spare = [_blank() for _number in range(SPARE_ROWS)]
    versions = LabelSet.objects.select_related("created_by").filter(
        project=member.project
    )
    page = context(
        member,
        "labels",
        errors=tried.errors,
        rows=[
            row | {"items": used.get(row["old"], 0), "place": place}
            for place, row in enumerate([*rows, *spare])
        ],
        names=[row["old"] for row in rows if row["old"]],
        versions=by_page(request, versions.order_by("-version"), size=10),
    )
    return render(request, "labeling/labels.html", page, status=tried.status)


def _labels_of(member: Membership) -> list[Label]:
    found = member.project.label_set
    return list(found.labels.all()) if found else []


def _row(label: Label) -> dict[str, str]:
    return {
        "old": label.name,
        "name": label.name,
        "hotkey": label.hotkey,
        "color": label.color or PALETTE[label.position % len(PALETTE)],
        "description": label.description,
        "into": "",
    }


def _blank() -> dict[str, str]:
    return dict.fromkeys(("old", "name", "hotkey", "color", "description", "into"), "")


def _typed_rows(form: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows of a posted form, in their order."""
    count = min(whole(form.get("rows")), projects.MAX_LABELS + SPARE_ROWS)
    rows = [
        {name: form.get(f"{name}-{place}", "").strip() for name in _blank()}
        for place in range(count)
    ]
    return [row for row in rows if row["old"] or row["name"]]


def _revise_labels(request: HttpRequest, member: Membership) -> None:
    rows = _typed_rows(request.POST)
    kept = [row for row in rows if row["name"] and not row["into"]]
    drafts = [
        projects.LabelDraft(
            row["name"], row["hotkey"], row["color"], row["description"][:5000]
        )
        for row in kept
    ]
    names = {row["old"]: row["name"] for row in kept if row["old"]}
    moves = dict(names)
    for row in rows:
        if row["old"] and row["into"]:
            if row["into"] not in names:
                raise InvalidInputError(
                    _("“%(name)s” can only become a label that stays.")
                    % {"name": row["old"]}
                )
            moves[row["old"]] = names[row["into"]]
    made = projects.revise_labels(member.project, member.user, drafts, moves)
    messages.success(
        request,
        _("Version %(number)s of the labels is in force.") % {"number": made.version},
    )


def _form_field(field: models.Field[Any, Any], **words: Any) -> forms.Field | None:
    """Return the field of the form: for a list of roles one box for each."""
    if not isinstance(field, ArrayField):
        return field.formfield(**words)
    return forms.MultipleChoiceField(
        choices=Membership.Role.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=field.help_text,
        error_messages={"required": lazy("At least one role.")},
        **words,
    )


class PolicyForm(_Form):
    """The settings of a project; the service checks and keeps them."""

    GROUPS: ClassVar = (
        (lazy("Project"), ("name", "is_paused")),
        (
            lazy("From votes to labels"),
            (
                *("min_votes", "overlap", "overlap_share", "confidence"),
                *("free_choice", "lease_minutes", "suggestion_mode"),
            ),
        ),
        (
            lazy("What is asked next"),
            (
                *("strategy", "batch", "exploration_rate"),
                *("evaluation_share", "evaluation_rate"),
            ),
        ),
        (
            lazy("How people are checked"),
            ("gold_rate", "repeat_rate", "least_skill"),
        ),
        (
            lazy("Who is asked for what"),
            ("first_votes_by", "further_votes_by", "evaluation_by", "checks_by"),
        ),
        (lazy("When to retrain"), ("retrain_first", "retrain_growth")),
    )

    class Meta:
        model = Project
        fields: ClassVar = ("name", *projects.POLICY)
        formfield_callback = _form_field
        labels: ClassVar = {
            "name": lazy("Name"),
            "is_paused": lazy("Paused: nobody gets new items"),
            "overlap": lazy("Most votes per item"),
            "min_votes": lazy("Fewest votes per item"),
            "overlap_share": lazy("Share of items with several votes"),
            "confidence": lazy("Agreement that settles an item"),
            "free_choice": lazy("Members may choose their items"),
            "lease_minutes": lazy("Minutes an item is lent for"),
            "suggestion_mode": lazy("The model's suggestions"),
            "strategy": lazy("What counts as unsure"),
            "batch": lazy("How a batch is spread"),
            "exploration_rate": lazy("Random share of the queue"),
            "evaluation_share": lazy("Held out at import"),
            "evaluation_rate": lazy("Held-out share of the queue"),
            "gold_rate": lazy("Gold share of the queue"),
            "repeat_rate": lazy("Repeats' share of the queue"),
            "least_skill": lazy("Gold questions to be answered right at least"),
            "first_votes_by": lazy("First votes"),
            "further_votes_by": lazy("Further votes"),
            "evaluation_by": lazy("Held-out items"),
            "checks_by": lazy("Gold questions and repeats"),
            "retrain_first": lazy("Labels before the first run"),
            "retrain_growth": lazy("Growth before the next run"),
        }

    def groups(self) -> list[tuple[object, list[forms.BoundField]]]:
        """Return the fields under their headings."""
        return [(head, [self[name] for name in names]) for head, names in self.GROUPS]


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show and change the project's policy."""
    member = member_of(request, slug, members.MANAGE)
    form = PolicyForm(request.POST or None, instance=member.project)
    tried = attempt(request, lambda: _change(request, form, slug))
    if tried.is_done:
        return redirect("settings", slug)
    page: dict[str, Any] = context(member, "settings", errors=tried.errors, form=form)
    return render(request, "labeling/settings.html", page, status=tried.status)


@login_required
def delete_project(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what goes with the project, then delete it."""
    member = member_of(request, slug, members.MANAGE)
    typed = request.POST.get("slug", "").strip()
    tried = attempt(request, lambda: removal.request_project_deletion(member, typed))
    if tried.is_done:
        told = _("“%(name)s” is being deleted. Nobody is in it any more.")
        messages.success(request, told % {"name": member.project.name})
        return redirect("home")
    loss = removal.loss_of(Item.objects.filter(project=member.project))
    page = context(member, "settings", errors=tried.errors, loss=loss)
    return render(request, "labeling/delete_project.html", page, status=tried.status)


def _change(request: HttpRequest, form: PolicyForm, slug: str) -> None:
    if not form.is_valid():
        raise InvalidInputError(_("Nothing was changed: see the marked settings."))
    # The form has written into its own object; the service starts from the stored one.
    stored = Project.objects.get(slug=slug)
    projects.update_policy(stored, form.cleaned_data)
    messages.success(request, _("The settings are in force."))
