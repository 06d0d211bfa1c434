"""Training runs and the registry of models."""

from __future__ import annotations

from typing import Annotated, ClassVar

from activelearn.api.wire import (
    acts,
    changes,
    features,
    held_out,
    previews,
    runs,
    versions,
)
from activelearn.api.wire import lineage as wire_lineage
from activelearn.models import TrainingRun
from activelearn.services.features import reading
from activelearn.services.labels import coverage, rare
from activelearn.services.predictions import scoring
from activelearn.services.training import dry_run, triggers
from activelearn.services.versions import comparing, lineage, registry, switching
from labeling import queries
from labeling.api.http.calls import Reply, call
from labeling.api.http.fields import one_of
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.models import Item, User
from labeling.services.projects import members

Switching = Annotated[str, one_of(previews.SWITCHES)]
Action = Annotated[str, one_of(["promote", "rollback", "archive"])]


class TrainingRunsView(ProjectView):
    """Training runs, and a new one."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER
    allowed_to_write: ClassVar = members.ENGINEER

    @call()
    def get(self) -> Page[runs.TrainingRun]:
        """List the runs, newest first."""
        rows = TrainingRun.objects.select_related("job", "judges").filter(
            project_id=self.member.project_id
        )
        return page_of(rows, self.request, runs.run_of)

    @call(202, 200)
    def post(self, body: runs.TrainingBody) -> Reply[runs.TrainingRun]:
        """Ask for a run.

        One that already waits is returned with 200; so is one that is done and has
        learned from the same labels in the same way.
        """
        user = User.objects.get(pk=self.member.user_id)
        run, is_new = triggers.request(self.member.project, user, body.reason or "")
        return Reply(runs.run_of(run), 202 if is_new else 200)


class RetrainPreviewView(ProjectView):
    """What a training run would do."""

    allowed: ClassVar = members.ENGINEER

    @call()
    def get(self) -> previews.RetrainPreview:
        """Return what it would learn from now and what speaks against it.

        Nothing is trained or written.
        """
        return previews.retrain_of(dry_run.dry_run(self.member.project))


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


class ModelsView(ProjectView):
    """The registry."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> Page[versions.Model]:
        """List the versions, newest first."""
        rows = registry.with_evidence(self.member.project)
        return page_of(rows, self.request, versions.model_of)


class ScoresView(ProjectView):
    """What the model that serves says of the pool."""

    allowed: ClassVar = members.ENGINEER

    @call(202)
    def post(self) -> work.JobAsked:
        """Have the pool scored anew; where that waits already, this is that job."""
        user = User.objects.get(pk=self.member.user_id)
        return work.asked_of(scoring.request(self.member.project, user))


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
        """List the held-out items that one of the two versions alone has right."""
        project = self.member.project
        entries = comparing.compare(project, number, before).differences
        by_item = {entry.item_id: entry for entry in entries}
        rows = Item.objects.filter(project=project, pk__in=list(by_item)).order_by("pk")
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


class FeaturesView(ProjectView):
    """What the models read."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> features.Features:
        """Return how the next model reads the data, column by column."""
        return features.features_of(reading.reading_of(self.member.project))


class CoverageView(ProjectView):
    """What the figures on held-out items leave out."""

    allowed: ClassVar = members.ADJUDICATE | members.ENGINEER

    @call()
    def get(self) -> held_out.Coverage:
        """Return the held-out items by what is known of them by now."""
        project = self.member.project
        return held_out.coverage_of(
            coverage.coverage_of(project), rare.rare_labels_of(project)
        )


class ModelActionView(ProjectView):
    """Promote, roll back or archive."""

    allowed_to_write: ClassVar = members.ENGINEER

    @call()
    def post(
        self, number: int, action: Action, body: acts.ReasonBody
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
