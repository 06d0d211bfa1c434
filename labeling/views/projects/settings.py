"""The settings of a project, and its deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from labeling import queries
from labeling.errors import InvalidInputError
from labeling.models import Item, Project
from labeling.models.setting import Setting
from labeling.services.projects import effects, members, policy, removal
from labeling.views.page.scope import attempt, context, member_of

NO_COLUMNS: Final = lazy(
    "No item has further columns yet: they come with what is imported."
)


def _form_field(
    field: models.Field[Any, Any], columns: Sequence[str] = (), **limits: Any
) -> Any:
    """Return the form's field; a list becomes one checkbox per role, or per column."""
    if not isinstance(field, ArrayField):
        return field.formfield(**limits)
    roles = field.base_field.choices
    return forms.MultipleChoiceField(
        label=field.verbose_name,
        choices=roles or [(name, name) for name in columns],
        required=bool(roles),
        widget=forms.CheckboxSelectMultiple,
        help_text=field.help_text if roles or columns else NO_COLUMNS,
        error_messages={"required": lazy("At least one role.")},
    )


def _limits(setting: Setting) -> dict[str, float]:
    limits = {"min_value": setting.least, "max_value": setting.most}
    return {name: limit for name, limit in limits.items() if limit is not None}


class PolicyForm(forms.Form):
    """The name and the settings of a project; the service checks and keeps them."""

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(
            data, initial=policy.values_of(project) | {"name": project.name}
        )
        self.project = project
        self.settings = policy.settings()
        columns = queries.columns_beside(project)
        self.fields = {"name": _form_field(Project._meta.get_field("name"))} | {
            setting.name: _form_field(setting.field, columns, **_limits(setting))
            for setting in self.settings.values()
        }

    def groups(self) -> list[tuple[Promise, list[forms.BoundField]]]:
        """Return the fields under their headings."""
        groups: dict[Any, list[forms.BoundField]] = {}
        for name, setting in self.settings.items():
            groups.setdefault(setting.group, []).append(self[name])
        heads = [(group.heading, fields) for group, fields in groups.items()]
        heads[0][1].insert(0, self["name"])
        return heads

    def keep(self) -> None:
        """Put the settings in force; raises InvalidInputError and marks what is wrong."""
        if self.is_valid():
            try:
                policy.change(self.project, self.cleaned_data)
            except InvalidInputError as error:
                self._mark(error)
            else:
                return
        raise InvalidInputError(_("Nothing was changed: see the marked settings."))

    def _mark(self, error: InvalidInputError) -> None:
        for name, sentences in error.by_field.items():
            for sentence in sentences:
                self.add_error(name, sentence)


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Show and change the project's policy."""
    member = member_of(request, slug, members.MANAGE)
    form = PolicyForm(member.project, request.POST or None)
    tried = attempt(request, form.keep)
    if tried.is_done:
        messages.success(request, _("The settings are in force."))
        return redirect("settings", slug)
    page: dict[str, Any] = context(
        member,
        "settings",
        errors=tried.errors,
        form=form,
        idle=effects.without_effect(member.project),
    )
    return render(request, "labeling/settings.html", page, status=tried.status)


@login_required
def delete_project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a deletion of the project would take along, then request it."""
    member = member_of(request, slug, members.MANAGE)
    typed = request.POST.get("slug", "").strip()
    tried = attempt(request, lambda: removal.request_project_deletion(member, typed))
    if tried.is_done:
        messages.success(
            request,
            _("“%(name)s” is being deleted. Nobody is in it any more.")
            % {"name": member.project.name},
        )
        return redirect("home")
    loss = removal.loss_of(Item.objects.filter(project=member.project))
    page = context(member, "settings", errors=tried.errors, loss=loss)
    return render(request, "labeling/delete_project.html", page, status=tried.status)
