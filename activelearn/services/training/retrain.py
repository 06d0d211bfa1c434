"""A training run: snapshot, fit, evaluate, gate; each step can be repeated."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop as noop

from activelearn.core import artifact, conformal, strength, training
from activelearn.core.calibrated import calibrated
from activelearn.core.crossfit import CrossFit
from activelearn.core.features import Spec, Table
from activelearn.core.strength import ChosenStrength
from activelearn.core.training import FitTerms
from activelearn.models import ModelVersion, Snapshot, TrainingRun
from activelearn.services.features import files, store
from activelearn.services.judging import judgments, verdicts
from activelearn.services.labels import calibrations, crossfits, snapshots
from activelearn.services.training import experiments
from activelearn.services.versions import fitting, registry, releases, strengths
from labeling.errors import DamagedFileError
from labeling.messages import Message, message
from labeling.models import Project
from labeling.services.transfer import beyond, unread
from labeling.services.work.progress import Progress
from labeling.services.work.transactions import lock_project

# How many are named of the items that could not be read whole.
NAMED: Final = 5
# The gate's, or why it was not asked; or a duel's.
RunVerdict = (
    Literal["same", "no model", "not waiting", "go on", "no result"]
    | judgments.JudgmentVerdict
)


def run(progress: Progress) -> dict[str, Any]:
    """Train, judge and, where the evidence is good, promote.

    Each stage leaves what it made under the hash of its content: the snapshot, the
    version with its file, the judgment. The next attempt goes on from there, so that one
    run has one model. Each write shares a transaction with a report to the job's row, so
    a worker that lost the job writes nothing any more. A run that has its verdict is not
    judged again. Raises what ``Progress.report`` and ``judgments.judge`` raise.
    """
    training_run = TrainingRun.objects.select_related("project").get(job=progress.job)
    if training_run.verdict:
        return {"verdict": training_run.verdict}
    progress.report(done=0, total=5, stage=noop("features"))
    # Taken once: where another worker makes a new specification meanwhile, this model
    # is still of the one that its rows are by.
    spec = store.renewed_spec_of(training_run.project)
    table = store.load(training_run.project, spec, progress.step)
    progress.report(done=1, stage=noop("snapshot"))
    _log_unread(training_run, progress)
    # An attempt that was killed may have left its version: it is judged, not made
    # again.
    version = ModelVersion.objects.filter(run=training_run).first()
    if version is None:
        version = _train(training_run, spec, table, progress)
    if version is None:
        return {"verdict": training_run.verdict}
    return _judge(training_run, version, table, progress)


def _log_unread(training_run: TrainingRun, progress: Progress) -> None:
    """Name the items that could not be read whole, once a run."""
    count, some = unread.examples(training_run.project, NAMED)
    # A later attempt of the run does not say it once more.
    is_new = training_run.unread is None
    with transaction.atomic():
        progress.report()
        training_run.unread = count
        training_run.save(update_fields=["unread"])
    if count and is_new:
        names = ", ".join(row.item.external_id for row in some)
        progress.log(
            message(
                "%(count)s items could not be read whole: %(items)s",
                count=count,
                items=f"{names}, …" if count > len(some) else names,
            )
        )


def judge_again(progress: Progress) -> dict[str, Any]:
    """Judge a version that waits on the held-out labels there are by now.

    Raises what ``Progress.report`` and ``judgments.judge`` raise.
    """
    training_run = TrainingRun.objects.select_related("project", "judges").get(
        job=progress.job
    )
    version = training_run.judges
    if training_run.verdict or version is None:
        return {"verdict": training_run.verdict}
    if version.stage != ModelVersion.Stage.WAITING:
        _end(training_run, "not waiting", verdicts.no_longer(version.number), progress)
        return {"verdict": "not waiting"}
    progress.report(done=0, total=5, stage=noop("features"))
    table = store.load(training_run.project, step=progress.step)
    progress.report(done=3, stage=noop("evaluate"))
    return _judge(training_run, version, table, progress)


def _judge(
    training_run: TrainingRun, version: ModelVersion, table: Table, progress: Progress
) -> dict[str, Any]:
    while True:
        judgment = _judgment(training_run, version, table, progress)
        if _is_decided(training_run, version, judgment, progress):
            return {"verdict": judgment.verdict}


def _train(
    training_run: TrainingRun, spec: Spec, table: Table, progress: Progress
) -> ModelVersion | None:
    """Return a new version, or None where the run has ended without one."""
    project = training_run.project
    snapshot, content = _snapshot(training_run, table, progress)
    material = calibrations.take(snapshot, table)
    choice, is_new = _strength(project, content, table, progress)
    # Looked up before the fit, which is what takes long.
    parts, earlier = experiments.finished(
        project,
        experiments.parts_of(
            project, snapshot.sha256, table.spec_hash, material.sha256, choice.value
        ),
    )
    if earlier:
        training_run.same_as = earlier
        _end(training_run, "same", verdicts.same_as(earlier.pk), progress)
        return None
    training_run.experiment = parts
    training_run.fingerprint = experiments.fingerprint(parts)
    training_run.strength = asdict(choice) if is_new else None
    try:
        made = _fitted(training_run, content, table, progress, material)
    except ValueError as error:
        _end(training_run, "no model", verdicts.why_no_model(error), progress)
        return None
    with transaction.atomic():
        progress.report(done=3, stage=noop("evaluate"))
        training_run.save(update_fields=["experiment", "fingerprint", "strength"])
        return _register(training_run, made, spec, table)


@dataclass(frozen=True)
class _Made:
    """A model, what others predict of its labels, and what calibrates it."""

    model: training.LinearModel
    crossed: CrossFit | None
    material: calibrations.CalibrationMaterial


def _strength(
    project: Project, content: snapshots.Content, table: Table, progress: Progress
) -> tuple[ChosenStrength, bool]:
    """Return the strength in force or, where that is due, a new choice; and which it is."""
    certain = {
        pk: row for pk, row in content.labels.items() if pk not in content.shares
    }
    kept = strengths.in_force(project)
    if not strength.is_due(project.data_type, len(certain), kept.labels):
        return kept, False
    lot = fitting.lot_of(certain, table, most=strength.MOST, seed=project.seed)
    choice = strength.chosen(
        lot,
        project.data_type,
        is_multi=project.is_multi,
        seed=project.seed,
        step=progress.report,
    )
    return replace(choice, labels=len(certain)), True


def _fitted(
    training_run: TrainingRun,
    content: snapshots.Content,
    table: Table,
    progress: Progress,
    material: calibrations.CalibrationMaterial,
) -> _Made:
    """Return the model, and where it votes or chance drew some of its labels the others."""
    project, rows = training_run.project, table.rows_of(list(content.labels))
    own = (training_run.experiment or {})["model"]["strength"]
    terms = FitTerms(project.is_multi, project.seed, own)
    model = fitting.fitted(content, rows, terms)
    crossed = None
    if project.model_votes or material.arm:
        crossed = fitting.crossed(model, content, rows, terms, progress.report)
    return _Made(model, crossed, material)


def _end(
    training_run: TrainingRun, verdict: RunVerdict, why: Message, progress: Progress
) -> None:
    with transaction.atomic():
        progress.report()
        training_run.save(update_fields=["experiment", "fingerprint", "same_as"])
        training_run.conclude(verdict, why)


def _snapshot(
    training_run: TrainingRun, table: Table, progress: Progress
) -> tuple[Snapshot, snapshots.Content]:
    """Return the run's snapshot, which is taken once, and what it says."""
    # Nothing was made of it yet: where it is lost, or items of it have been deleted, it
    # is taken anew.
    if training_run.snapshot:
        try:
            content = snapshots.content_of(training_run.snapshot)
        except DamagedFileError as lost:
            progress.log(lost.message)
        else:
            if len(table.covered(content.labels)) == len(content.labels):
                return training_run.snapshot, content
    # Of what a run has learned from, nothing can be held out any more.
    beyond.note(beyond.hold_out_by_votes(training_run.project_id, progress), progress)
    with transaction.atomic():
        progress.report(done=2, stage=noop("fit"))
        snapshot = snapshots.take(training_run.project, table)
        training_run.snapshot, training_run.label_count = snapshot, snapshot.items
        training_run.save(update_fields=["snapshot", "label_count"])
    progress.log(
        message(
            "snapshot %(hash)s of %(labels)s labels",
            hash=snapshot.sha256[:12],
            labels=snapshot.items,
        )
    )
    return snapshot, snapshots.content_of(snapshot)


def _register(
    training_run: TrainingRun,
    made: _Made,
    spec: Spec,
    table: Table,
) -> ModelVersion:
    """Calibrate the model, write its file, then its row."""
    project = training_run.project
    snapshot = Snapshot.objects.get(pk=training_run.snapshot_id or 0)
    material, crossed = made.material, made.crossed
    rows = table.rows_of(list(material.labels))
    known = calibrations.scored(made.model, rows, material, crossed)
    model, trial = calibrated(made.model, known)
    likely = conformal.fitted(model, known)
    # Before the lock below: while it is held, promotions and other runs wait.
    data = artifact.dump(model, spec)
    with transaction.atomic():
        lock_project(project.pk)
        # Behind the lock: else two runs may read the same number, and one would fail.
        newest = ModelVersion.objects.filter(project=project).aggregate(n=Max("number"))
        return ModelVersion.objects.create(
            project=project,
            number=(newest["n"] or 0) + 1,
            run=training_run,
            snapshot=snapshot,
            parent=registry.champion(project),
            # The labels in whose words it was taught, whatever is in force by now.
            label_set=snapshot.label_set,
            spec_hash=store.hash_of(spec),
            sha256=files.save("models", data),
            size=len(data),
            seed=project.seed,
            calibrated_on=calibrations.keep(material),
            calibration=calibrations.as_json(trial),
            likely=asdict(likely) if likely else None,
            crossfit=crossfits.keep(crossed),
            environment=experiments.environment(),
        )


def _judgment(
    training_run: TrainingRun, version: ModelVersion, table: Table, progress: Progress
) -> judgments.Judgment:
    """Return the run's judgment of its version, which is passed once."""
    if training_run.judgment:
        try:
            return judgments.read(training_run.judgment)
        except DamagedFileError as lost:
            # Nothing was decided by it yet.
            progress.log(lost.message)
    judgment = judgments.judge(version, table)
    progress.log(verdicts.left_out(judgment.leaks))
    # The test was spent by another run: judge by what is left of the project's error.
    while not _is_kept(training_run, version, judgment, progress):
        judgment = judgments.judge(version, table)
    if judgment.report:
        figures = judgment.report.figures.summary
        progress.log(
            message(
                "accuracy %(accuracy)s, macro-F1 %(f1)s",
                accuracy=f"{figures.accuracy.value:.3f}",
                f1=f"{figures.macro_f1.value:.3f}",
            )
        )
        progress.log(judgment.explanation)
    return judgment


def _is_kept(
    training_run: TrainingRun,
    version: ModelVersion,
    judgment: judgments.Judgment,
    progress: Progress,
) -> bool:
    """Keep a judgment, but where another run has made the same test meanwhile."""
    with transaction.atomic():
        progress.report(done=4)
        if not judgments.spend(training_run, judgment):
            return False
        training_run.judgment = judgments.keep(judgment)
        # Also the snapshot: a run that an earlier release began may name a later one
        # than its version was made from.
        training_run.snapshot = version.snapshot
        training_run.label_count = version.snapshot.items
        training_run.save(
            update_fields=["judgment", "snapshot", "label_count", "look", "alpha"]
        )
    return True


def _is_decided(
    training_run: TrainingRun,
    version: ModelVersion,
    judgment: judgments.Judgment,
    progress: Progress,
) -> bool:
    """Promote, reject or let wait, with the verdict in the same transaction.

    Where another model has taken over since the judgment, that is dropped instead, and
    nothing decided: the version has yet to be judged against what it would replace.
    """
    with transaction.atomic():
        progress.report(done=5, stage=noop("gate"))
        if not registry.serves_still(version, judgment.champion):
            progress.report(done=3, stage=noop("evaluate"))
            training_run.judgment = ""
            training_run.save(update_fields=["judgment"])
            return False
        # With the decision, in one transaction: a page must not show what decided
        # nothing.
        judgments.evaluate(version, judgment)
        if judgment.verdict == "promote":
            releases.lead(version, training_run)
        elif judgment.verdict == "cannot tell":
            releases.doubt(version, training_run, judgment.comparison.needed)
        elif judgment.verdict == "a person decides":
            registry.let_wait(version, None)
        else:
            registry.reject(version)
        training_run.conclude(judgment.verdict, judgment.explanation)
    return True
