"""The tables of labeling in the admin, and buttons on the page of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from labeling.errors import AssayError
from labeling.models import (
    AgreementReport,
    Disagreement,
    ImportRun,
    Job,
    Membership,
    Project,
    User,
)
from labeling.services.work import jobs


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    """Facts are shown, never typed over."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a list. Raises BadRequest for a filter with NUL, which no column holds."""
        if any(
            "\x00" in value for _, values in request.GET.lists() for value in values
        ):
            raise BadRequest
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nothing is deleted by hand."""
        return False


class WithButtons(ReadOnly):
    """An object page with buttons: each POSTs its name to one service call."""

    change_form_template = "admin/with_buttons.html"
    buttons: tuple[tuple[str, Promise | str], ...] = ()
    # Those that change nothing, and only say what another one would.
    previews: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the buttons."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_press"
        press = self.admin_site.admin_view(require_POST(self.press))
        return [path("<int:pk>/press/", press, name=name), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the buttons above the facts."""
        more = {"buttons": self.buttons, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def press(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the button says, and say what came of it."""
        row = get_object_or_404(self.model, pk=pk)
        if not request.user.is_superuser:
            messages.error(request, _("Only a superuser may do this."))
        else:
            try:
                outcome = self.act(request, row)
                is_preview = request.POST.get("button") in self.previews
                # No tick: nothing was done.
                tell = messages.info if is_preview else messages.success
                tell(request, outcome)
            except AssayError as error:
                messages.error(request, error.detail)
        return redirect("..")

    def act(self, request: HttpRequest, row: Any) -> str:
        """Call the service of the button that was pressed.

        Raises NotImplementedError here: each kind of row has its own buttons.
        """
        raise NotImplementedError


def person_of(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)


class WithJobButtons(WithButtons):
    """Rows that are a job, or have one, which is cancelled and run again here."""

    buttons = (
        ("cancel", gettext_lazy("Cancel")),
        ("again", gettext_lazy("Run again")),
    )

    def act(self, request: HttpRequest, row: Any) -> str:
        """Cancel or run again; raises what ``jobs.cancel`` and ``jobs.again`` raise."""
        job = row if isinstance(row, Job) else row.job
        if request.POST.get("button") == "cancel":
            if job.finished_at is not None:
                return _("Nothing is left to stop: %(job)s is over.") % {"job": row}
            jobs.cancel(job)
            return _("%(job)s is asked to stop.") % {"job": row}
        return _("%(job)s is requested.") % {"job": jobs.again(job, person_of(request))}


@admin.register(Project)
class ProjectAdmin(WithButtons):
    """Projects; what builds on this package adds its settings and its buttons."""

    list_display = ("name", "slug", "data_type", "task_type", "is_paused")
    previews = ("preview",)
    acts: ClassVar[dict[str, Callable[[HttpRequest, Project], str]]] = {}

    @classmethod
    def show(cls, inline: type[admin.StackedInline[Any, Any]]) -> None:
        """Show rows of another table with those of the project."""
        cls.inlines = (*cls.inlines, inline)

    @classmethod
    def offer(
        cls,
        button: str,
        words: Promise | str,
        act: Callable[[HttpRequest, Project], str],
    ) -> None:
        """Add a button; ``act`` does what it says, and returns what came of it."""
        cls.buttons = (*cls.buttons, (button, words))
        cls.acts[button] = act

    def act(self, request: HttpRequest, row: Project) -> str:
        """Do what the button says. Raises Http404 where there is none of this name."""
        if (act := self.acts.get(request.POST.get("button", ""))) is None:
            raise Http404
        return act(request, row)


@admin.register(Job)
class JobAdmin(WithJobButtons):
    """Every long job with its progress and log."""

    list_display = (
        "pk",
        "kind",
        "project",
        "state",
        "stage",
        "percent",
        "attempt",
        "created_at",
    )
    list_filter = ("state", "kind")
    list_select_related = ("project",)


for _model in (AgreementReport, Disagreement, ImportRun, Membership):
    admin.site.register(_model, ReadOnly)
