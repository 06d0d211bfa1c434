"""Sources of a project, for its managers."""

from __future__ import annotations

from typing import ClassVar, Final

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter
from msgspec import UNSET, structs

from labeling.api.http.calls import HEADER, Reply, call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.api.wire.projects import sources as wire
from labeling.models import Job, Source, User
from labeling.services.projects import members
from labeling.services.transfer.sources import objects, sending, setting_up
from labeling.services.transfer.sources.setting_up import SourceDraft

_LOCATION: Final = OpenApiParameter(
    "Location", str, HEADER, response=[202], description="Where its progress is."
)


class SourcesView(ProjectView):
    """The sources of a project."""

    allowed: ClassVar = members.MANAGE

    @call(name="projects_sources_list")
    def get(self) -> Page[wire.Source]:
        """List them, newest first."""
        rows = Source.objects.filter(project_id=self.member.project_id)
        return page_of(rows, self.request, wire.source_of)

    @call(201)
    def post(self, body: wire.SourceBody) -> wire.Source:
        """Add one, once its first objects could be listed."""
        draft = SourceDraft(**structs.asdict(body))
        added = setting_up.add(self.member.project, _user(self), draft)
        return wire.source_of(added)


class SourceView(ProjectView):
    """One source."""

    allowed: ClassVar = members.MANAGE

    @call()
    def get(self, pk: int) -> wire.Source:
        """Return it, without its credentials."""
        return wire.source_of(setting_up.of_member(self.member, pk))

    @call()
    def patch(self, pk: int, body: wire.SourceChange) -> wire.Source:
        """Change it; its place stays."""
        given = structs.asdict(body).items()
        changes = {name: value for name, value in given if value is not UNSET}
        source = setting_up.of_member(self.member, pk)
        return wire.source_of(setting_up.change(source, changes))

    @call()
    def delete(self, pk: int) -> wire.Source:
        """Forget it and its credentials; the items stay, and the objects too."""
        source = setting_up.of_member(self.member, pk)
        shown = wire.source_of(source)
        setting_up.remove(source)
        return shown


class SourceListView(ProjectView):
    """A list of a source."""

    allowed: ClassVar = members.MANAGE

    @call(202, headers=[_LOCATION])
    def post(self, pk: int) -> Reply[work.JobAsked]:
        """Ask for it: what is new is taken, what changed or is gone is told."""
        source = setting_up.of_member(self.member, pk)
        return _asked(setting_up.request_list(source, _user(self)))


class SourceExportView(ProjectView):
    """An export into a source."""

    allowed: ClassVar = members.MANAGE

    @call(202, headers=[_LOCATION])
    def post(self, pk: int, body: wire.SourceExportBody) -> Reply[work.JobAsked]:
        """Ask for it; the result of its job names the object and what proves it."""
        source = setting_up.of_member(self.member, pk)
        return _asked(
            sending.request(
                source,
                _user(self),
                body.format,
                body.filters(),
                with_embeddings=body.embeddings,
            )
        )


class SourceObjectsView(ProjectView):
    """The objects of a source that somebody may want to look at."""

    allowed: ClassVar = members.MANAGE

    @call()
    def get(self, pk: int) -> Page[wire.SourceObject]:
        """List those that changed, were refused or not used, or are gone."""
        source = setting_up.of_member(self.member, pk)
        return page_of(objects.to_look_at(source), self.request, wire.object_of)


def _user(view: ProjectView) -> User:
    return User.objects.get(pk=view.member.user_id)


def _asked(job: Job) -> Reply[work.JobAsked]:
    asked = work.asked_of(job)
    return Reply(asked, headers={"Location": asked.url})


# Below the address of a project.
urlpatterns: list[URLPattern] = [
    path("sources/", SourcesView.as_view()),
    path("sources/<int:pk>/", SourceView.as_view()),
    path("sources/<int:pk>/list/", SourceListView.as_view()),
    path("sources/<int:pk>/export/", SourceExportView.as_view()),
    path("sources/<int:pk>/objects/", SourceObjectsView.as_view()),
]
