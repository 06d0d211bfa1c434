"""Model cards: what a version is, what it learned from, how good it is, and its limits.

After Mitchell et al. (2019), Model Cards for Model Reporting, FAT*, 220–229.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from activelearn.core.report import Report
from activelearn.models import Duel, Evaluation, ModelVersion, TrainingRun
from activelearn.services.labels import coverage, snapshots
from activelearn.services.labels.coverage import Coverage
from activelearn.services.labels.snapshots import Makeup
from activelearn.services.versions import origins, registry
from activelearn.services.versions.history import Act, acts_of
from activelearn.services.versions.origins import Origin
from labeling.errors import DamagedFileError
from labeling.models import Project


@dataclass(frozen=True)
class Card:
    """What is kept of a version.

    makeup: of what it learned; None where the file that says so is gone.
    evaluation and report: None where it was not judged. judged_again: runs that judged
    it once more; acts: what people and the gate did with it. duels: with
    what served, the latest first.
    """

    version: ModelVersion
    makeup: Makeup | None
    evaluation: Evaluation | None
    report: Report | None
    coverage: Coverage
    judged_again: list[TrainingRun]
    acts: list[Act]
    duels: list[Duel]

    @property
    def verdict_run(self) -> TrainingRun:
        """The run that had the last word on it."""
        return self.judged_again[-1] if self.judged_again else self.version.run

    @property
    def origin(self) -> Origin:
        """Where it comes from, and what came of it."""
        return origins.origin_of(
            self.version,
            self.makeup,
            self.evaluation,
            self.verdict_run,
            self.acts[::-1],
        )


def card_of(project: Project, number: int) -> Card:
    """Return the card of a version.

    Raises NotFoundError where the project has no such version.
    """
    version = registry.version(project, number)
    prefetch_related_objects([version], *registry.with_history())
    # These have an entry for each held-out item, and the card shows none of them.
    judged = Evaluation.objects.defer("outcomes", "pairs", "sureness").filter(
        model=version
    )
    evaluation = judged.first()
    return Card(
        version=version,
        makeup=_makeup(version),
        evaluation=evaluation,
        report=registry.report_of(evaluation) if evaluation else None,
        coverage=coverage.coverage_of(project),
        judged_again=list(version.judged_again.exclude(verdict="").order_by("pk")),
        acts=acts_of(version),
        duels=list(version.duels.all()),
    )


def _makeup(version: ModelVersion) -> Makeup | None:
    try:
        return snapshots.makeup_of(version.snapshot)
    except DamagedFileError:
        return None
