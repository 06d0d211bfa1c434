"""The engineer's desk: runs, versions, and the buttons that change what serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activelearn.models import (
    Certificate,
    DialChange,
    Duel,
    Evaluation,
    LearningPolicy,
    ModelVersion,
    OnlineTest,
    Promotion,
    TrainingRun,
)
from activelearn.services.predictions import scoring
from activelearn.services.training import dry_run, triggers
from activelearn.services.versions import registry, releases, switching
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
        ("preview", gettext_lazy("What would change?")),
        ("promote", gettext_lazy("Promote")),
        ("rollback", gettext_lazy("Roll back")),
        ("foresee", gettext_lazy("What would an archive change?")),
        ("archive", gettext_lazy("Archive")),
    )
    previews = ("preview", "foresee")

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
        """Promote, roll back or archive, or say what that would change."""
        button, why = request.POST.get("button", ""), request.POST.get("reason", "")
        if foresee := _FORESEEN.get(button):
            return foresee(row)
        act, outcome = _ACTS[button]
        before = registry.champion(row.project)
        version = act(row, person_of(request), why)
        # A rollback of what does not serve, or a promotion of what does.
        if button != "archive" and version == before:
            outcome = gettext_lazy("Nothing has changed: %(version)s serves already.")
        return str(outcome) % {"version": version}


def _preview_of(version: ModelVersion) -> str:
    """Say what a promotion of a version would change, or of the champion a rollback."""
    serves = version.stage == ModelVersion.Stage.CHAMPION
    switch = switching.preview(version.project, version.number, is_rollback=serves)
    versions = {"after": switch.after, "before": switch.before or _("nothing")}
    sentences = [_("%(after)s would serve in place of %(before)s.") % versions]
    if gain := switch.gain:
        figure = gain.accuracy
        sentences.append(
            _(
                "On %(items)s held-out items it fixes %(fixed)s and breaks %(broken)s:"
                " accuracy %(value)+.3f (%(low)+.3f to %(high)+.3f)."
            )
            % {
                "items": gain.items,
                "fixed": gain.fixed,
                "broken": gain.broken,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
            }
        )
    if pool := switch.relabeled:
        sentences.append(
            _("%(changed)s of %(sampled)s items of the pool would get another answer.")
            % {"changed": pool.changed, "sampled": pool.sampled}
        )
    sentences.append(
        _("%(items)s items would be scored anew.") % {"items": switch.pool}
    )
    return " ".join(sentences)


def _archival_of(version: ModelVersion) -> str:
    """Say what it would change to put a version away."""
    change = switching.preview_archive(version.project, version.number)
    concerns = (
        (change.waits, _("It would not wait any more.")),
        (change.has_duel, _("Its duel would end without a result.")),
        (change.goes_back, _("A rollback would still go back to it.")),
    )
    first = _("What serves would stay, and %(version)s be put away.") % {
        "version": version
    }
    return " ".join([first, *(sentence for is_so, sentence in concerns if is_so)])


_FORESEEN: Final = {"preview": _preview_of, "foresee": _archival_of}
_ACTS: Final = {
    "promote": (registry.promote_by_hand, gettext_lazy("%(version)s serves now.")),
    "rollback": (registry.rollback, gettext_lazy("%(version)s serves again.")),
    "archive": (registry.archive, gettext_lazy("%(version)s is archived.")),
}


def _foreseen(dry: dry_run.DryRun) -> str:
    """Say what a run would learn from, and what speaks against it."""
    sources = ", ".join(f"{count} {name}" for name, count in dry.sources)
    sentences = [
        _(
            "It would learn from %(labels)s labels (%(sources)s) and be judged on %(items)s."
        )
        % {
            "labels": dry.label_count,
            "sources": sources or _("none"),
            "items": dry.held_out,
        }
    ]
    if dry.new is not None:
        sentences.append(
            _("Since the last run %(new)s are new and %(changed)s changed.")
            % {"new": dry.new, "changed": dry.changed}
        )
    return " ".join([*sentences, *map(str, dry.concerns)])


class LearningPolicyInline(admin.StackedInline):  # type: ignore[type-arg] # as there
    """The learner's settings, shown with those of the project."""

    model = LearningPolicy
    can_delete = False
    verbose_name_plural = gettext_lazy("The learner's settings")


def _preview(_request: HttpRequest, project: Project) -> str:
    return _foreseen(dry_run.dry_run(project))


def _train(request: HttpRequest, project: Project) -> str:
    """Ask for a training run."""
    why = request.POST.get("reason", "")
    run, is_new = triggers.request(project, person_of(request), why)
    if run.verdict:
        outcome = _(
            "Nothing is started: %(run)s has learned from the same labels in the same way."
        )
    else:
        outcome = _("%(run)s is requested.") if is_new else _("%(run)s waits already.")
    return outcome % {"run": run}


def _score(request: HttpRequest, project: Project) -> str:
    """Ask for new scores."""
    job = scoring.request(project, person_of(request))
    return _("%(job)s is requested.") % {"job": job}


ProjectAdmin.show(LearningPolicyInline)
ProjectAdmin.offer("preview", gettext_lazy("What would a retrain do?"), _preview)
ProjectAdmin.offer("train", gettext_lazy("Retrain now"), _train)
ProjectAdmin.offer("score", gettext_lazy("Score the pool anew"), _score)


class VerdictFilter(admin.AllValuesFieldListFilter):
    """The verdicts that there are; of what goes on still there is none."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the links, each with a name."""
        for choice in super().choices(changelist):
            named = choice["display"] or _("none yet")
            yield {**choice, "display": named}


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
    list_filter = ("project", ("verdict", VerdictFilter))
    list_select_related = ("project", "job")
    # Beside the buttons: whether it has stopped stands on its page, too.
    readonly_fields = ("state",)

    @admin.display
    def state(self, run: TrainingRun) -> str:
        """Return how far it is."""
        return f"{run.job.state} {run.job.stage}"


@admin.register(Promotion)
class PromotionAdmin(ReadOnly):
    """Who let which version serve, when and why."""

    list_display = (
        "at",
        "project",
        "model",
        "before",
        "deed",
        "decided_by",
        "why",
    )
    list_filter = ("project", "is_rollback")
    list_select_related = ("project", "model", "before", "by", "run")

    @admin.display(description=gettext_lazy("What was done"))
    def deed(self, change: Promotion) -> str:
        """Return whether it was promoted or brought back."""
        return _("Brought back") if change.is_rollback else _("Promoted")

    @admin.display
    def decided_by(self, change: Promotion) -> str:
        """Return the person, or the run whose gate it was."""
        if change.run:
            return _("the gate of run #%(run)s") % {"run": change.run.pk}
        return change.by.username if change.by else "–"


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnly):
    """On what each version was judged, and against which one."""

    list_display = ("model", "project", "items", "better", "worse")
    list_filter = ("model__project",)
    list_select_related = ("model__project",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        """Leave out what has an entry for each held-out item."""
        judged = super().get_queryset(request)
        return judged.defer("outcomes", "pairs", "sureness")

    @admin.display
    def project(self, judged: Evaluation) -> str:
        """Return the project of the version."""
        return str(judged.model.project)


@admin.register(OnlineTest)
class OnlineTestAdmin(WithButtons):
    """A version beside the one that serves; a stop has that one answer each call."""

    list_display = (
        "project",
        "kind",
        "challenger",
        "champion",
        "share",
        "verdict",
        "started_at",
        "ended_at",
    )
    list_filter = ("project", "kind", ("verdict", VerdictFilter))
    list_select_related = ("project", "challenger", "champion")
    buttons = (("stop", gettext_lazy("Stop")),)

    def act(self, request: HttpRequest, row: OnlineTest) -> str:
        """Stop it."""
        releases.stop(row, person_of(request), request.POST.get("reason", ""))
        return _("It is stopped: the version that serves answers each call.")


@admin.register(Duel)
class DuelAdmin(ReadOnly):
    """Which versions people were asked about, and what came of it."""

    list_display = (
        "project",
        "challenger",
        "champion",
        "asked",
        "answered",
        "verdict",
        "started_at",
        "ended_at",
    )
    list_filter = ("project", ("verdict", VerdictFilter))
    list_select_related = ("project", "challenger", "champion")
    # Of three hundred items, in the notation of a program.
    exclude = ("places",)
    empty_value_display = gettext_lazy("none yet")


@admin.register(Certificate)
class CertificateAdmin(ReadOnly):
    """What may be accepted of which version, and on how many labels that rests."""

    list_display = ("project", "model", "risk", "doubt", "labels", "pool", "made_at")
    list_filter = ("project",)
    list_select_related = ("project", "model")


@admin.register(DialChange)
class DialChangeAdmin(ReadOnly):
    """Who turned the dial, or which audit did."""

    list_display = ("at", "project", "label", "before", "after", "by", "reopened")
    list_filter = ("project",)
    list_select_related = ("project", "by")
