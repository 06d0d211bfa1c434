"""The engineer's desk: runs, versions, and the buttons that change what serves."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from activelearn.models import (
    Duel,
    Evaluation,
    LearningPolicy,
    ModelVersion,
    Promotion,
    TrainingRun,
)
from activelearn.services.predictions import scoring
from activelearn.services.training import dry_run, triggers
from activelearn.services.versions import registry, switching
from labeling.admin import (
    ProjectAdmin,
    ReadOnly,
    WithButtons,
    WithJobButtons,
    person_of,
)
from labeling.models import Project


@admin.register(ModelVersion)
class ModelVersionAdmin(WithButtons):
    """Versions with their evidence."""

    list_display = (
        "project",
        "number",
        "stage",
        "labels",
        "accuracy",
        "macro_f1",
        "created_at",
    )
    list_filter = ("project", "stage")
    list_select_related = ("project", "snapshot", "evaluation")
    buttons = (
        ("preview", "What would change?"),
        ("promote", "Promote"),
        ("rollback", "Roll back"),
        ("archive", "Archive"),
    )

    @admin.display
    def labels(self, model: ModelVersion) -> int:
        """Return how many labels it trained on."""
        return model.snapshot.items

    @admin.display
    def accuracy(self, model: ModelVersion) -> str:
        """Return its accuracy on the held-out items."""
        return f"{model.evidence.accuracy:.3f}" if model.evidence else "–"

    @admin.display
    def macro_f1(self, model: ModelVersion) -> str:
        """Return its macro-F1 on the held-out items."""
        return f"{model.evidence.macro_f1:.3f}" if model.evidence else "–"

    def act(self, request: HttpRequest, row: ModelVersion) -> str:
        """Promote, roll back or archive, or say what the first two would change."""
        button, why = request.POST.get("button"), request.POST.get("reason", "")
        if button == "preview":
            return _preview_of(row)
        if button == "promote":
            return f"{registry.promote(row, person_of(request), why)} serves now."
        if button == "rollback":
            return f"{registry.rollback(row, person_of(request), why)} serves again."
        return f"{registry.archive(row, person_of(request), why)} is archived."


def _preview_of(version: ModelVersion) -> str:
    """Say what a promotion of a version would change, or of the champion a rollback."""
    serves = version.stage == ModelVersion.Stage.CHAMPION
    switch = switching.preview(version.project, version.number, is_rollback=serves)
    sentences = [f"{switch.after} serves in place of {switch.before or 'nothing'}."]
    if gain := switch.gain:
        figure = gain.accuracy
        sentences.append(
            f"On {gain.items} held-out items it fixes {gain.fixed} and breaks"
            f" {gain.broken}: accuracy {figure.value:+.3f}"
            f" ({figure.low:+.3f} to {figure.high:+.3f})."
        )
    if pool := switch.relabeled:
        sentences.append(
            f"{pool.changed} of {pool.sampled} items of the pool get another answer."
        )
    return " ".join([*sentences, f"{switch.pool} items are scored anew."])


def _foreseen(dry: dry_run.DryRun) -> str:
    """Say what a run would learn from, and what speaks against it."""
    sources = ", ".join(f"{count} {name}" for name, count in dry.sources)
    since = "" if dry.new is None else f", {dry.new} new, {dry.changed} changed"
    sentences = [
        f"It would learn from {dry.label_count} labels ({sources or 'none'}){since},"
    ]
    sentences.append(f"and be judged on {dry.held_out}.")
    return " ".join([*sentences, *map(str, dry.concerns)])


class LearningPolicyInline(admin.StackedInline):  # type: ignore[type-arg] # as there
    """The learner's settings, shown with those of the project."""

    model = LearningPolicy
    can_delete = False


def _preview(_request: HttpRequest, project: Project) -> str:
    return _foreseen(dry_run.dry_run(project))


def _train(request: HttpRequest, project: Project) -> str:
    """Ask for a training run."""
    why = request.POST.get("reason", "")
    run, is_new = triggers.request(project, person_of(request), why)
    if run.verdict:
        return f"{run} has learned from the same labels in the same way."
    return f"{run} {'is asked for' if is_new else 'waits already'}."


def _score(request: HttpRequest, project: Project) -> str:
    """Ask for new scores."""
    return f"{scoring.request(project, person_of(request))} is requested."


ProjectAdmin.show(LearningPolicyInline)
ProjectAdmin.offer("preview", "What would a retrain do?", _preview)
ProjectAdmin.offer("train", "Retrain now", _train)
ProjectAdmin.offer("score", "Score the pool anew", _score)


@admin.register(TrainingRun)
class TrainingRunAdmin(WithJobButtons):
    """Why each run started and what came of it."""

    list_display = (
        "pk",
        "project",
        "reason",
        "state",
        "label_count",
        "verdict",
        "explanation",
    )
    list_filter = ("project", "verdict")
    list_select_related = ("project", "job")

    @admin.display
    def state(self, run: TrainingRun) -> str:
        """Return how far it is."""
        return f"{run.job.state} {run.job.stage}"


admin.site.register([Duel, Evaluation, Promotion], ReadOnly)
