"""The registry of models: what each is, and which one serves."""

from __future__ import annotations

from typing import Annotated, ClassVar

from activelearn.api.wire.training import previews
from activelearn.api.wire.versions import changes, history, versions
from activelearn.api.wire.versions import lineage as wire_lineage
from activelearn.services.versions import comparing, lineage, registry, switching
from labeling import queries
from labeling.api.http.calls import call
from labeling.api.http.fields import one_of
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.models import Item, User
from labeling.services.experts import blind
from labeling.services.projects import looking, members

Switching = Annotated[str, one_of(previews.SWITCHES)]
Action = Annotated[str, one_of(["promote", "rollback", "archive"])]


class ModelsView(ProjectView):
    """The registry."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> Page[versions.Model]:
        """List the versions, newest first."""
        rows = registry.with_evidence(self.member.project)
        return page_of(rows, self.request, versions.model_of)


class EvaluationView(ProjectView):
    """What held-out items say of a version."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self, number: int) -> versions.Evaluation:
        """Return its figures with their intervals, its slices, and its baselines."""
        return versions.evaluation_of(registry.evaluation(self.member.project, number))


class ChangesView(ProjectView):
    """What a version changes against another one."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self, number: int, before: int) -> Page[changes.Change]:
        """List the held-out items that one of the two versions alone has right.

        Without those that the caller may yet have to answer blind.
        """
        project = self.member.project
        entries = comparing.compare(project, number, before).differences
        by_item = {entry.item_id: entry for entry in entries}
        rows = (
            Item.objects.filter(project=project, pk__in=list(by_item))
            .filter(blind.has_labeled(self.member), looking.is_seen(self.member))
            .order_by("pk")
        )
        return page_of(
            rows, self.request, lambda item: changes.change_of(item, by_item[item.pk])
        )


class ItemVersionsView(ProjectView):
    """The versions that had to do with an item."""

    allowed: ClassVar = members.ENGINEER

    @call(name="projects_items_models_list")
    def get(self, pk: int) -> Page[wire_lineage.ItemVersion]:
        """List those that learned from it and those that were judged on it, newest first."""
        item = queries.item_of(self.member.project_id, pk)
        return page_of(
            lineage.versions_of(item),
            self.request,
            lambda row: wire_lineage.item_version_of(lineage.descendant_of(row)),
        )


class SwitchPreviewView(ProjectView):
    """What a promotion or a rollback would change."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, number: int, action: Switching) -> previews.SwitchPreview:
        """Return it; nothing is written. It is refused where the change would be."""
        return previews.switch_of(
            switching.preview(
                self.member.project, number, is_rollback=action == "rollback"
            )
        )


class ArchivePreviewView(ProjectView):
    """What it would change to put a version away."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self, number: int) -> previews.ArchivePreview:
        """Return it; nothing is written. It is refused where the archive would be."""
        change = switching.preview_archive(self.member.project, number)
        return previews.archive_of(change)


class ModelActionView(ProjectView):
    """Promote, roll back or archive."""

    allowed_to_write: ClassVar = members.ENGINEER

    @call()
    def post(
        self, number: int, action: Action, body: history.ReasonBody
    ) -> versions.Model:
        """Do it; doing it twice changes nothing.

        A rollback names what is to serve no longer, and returns what serves then. A
        reason is kept with who and when.
        """
        user = User.objects.get(pk=self.member.user_id)
        model = registry.version(self.member.project, number)
        why = body.reason or ""
        if action == "promote":
            model = registry.promote(model, user, why)
        elif action == "rollback":
            model = registry.rollback(model, user, why)
        else:
            model = registry.archive(model, user, why)
        return versions.model_of(model)
