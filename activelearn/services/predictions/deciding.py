"""Whether a prediction is accepted or a person is asked: by the dial and its certificate."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from activelearn.core import dial
from activelearn.core.dial import PartTerms
from activelearn.models import Certificate, LabelDial, LearningPolicy, ModelVersion
from labeling import queries
from labeling.models import Project
from labeling.models.automation import Automation


@dataclass(frozen=True)
class DecisionRule:
    """By what a project's predictions are accepted.

    certificate: of what serves; None where there is none, or nothing is accepted by one.
    """

    project: Project
    accepts: bool
    certificate: Certificate | None

    def decision(
        self, labels: Collection[str], sure: float, *, is_calibrated: bool
    ) -> str:
        """Return ``accept`` or ``review``; sure: of all of the prediction, in [0, 1]."""
        project = self.project
        if project.hides_model:
            return "review"
        if self.certificate and dial.is_accepted(
            labels, sure, self.certificate.of_parts
        ):
            return "accept"
        if self.accepts and project.automation in dial.ACCEPTING:
            return "review"
        # A score that nobody has held against labels accepts nothing.
        is_sure = is_calibrated and sure >= project.confidence
        return "accept" if is_sure and not self._has_own_dial(labels) else "review"

    def _has_own_dial(self, labels: Collection[str]) -> bool:
        """Whether a label's own dial accepts by the certificate, which did not."""
        parts = self.certificate.of_parts if self.certificate else []
        name = dial.part_of(labels, [part.label for part in parts])
        return any(
            part.label == name and part.degree in dial.ACCEPTING for part in parts
        )


def rule_of(project: Project, champion: ModelVersion) -> DecisionRule:
    """Return by what the predictions of what serves are accepted."""
    if not accepts_anything(project):
        return DecisionRule(project, False, None)
    return DecisionRule(project, True, in_force(project, champion))


def accepts_anything(project: Project) -> bool:
    """Whether the dial lets anything be accepted without a person."""
    if project.hides_model:
        return False
    # One look at most where nothing is accepted: who asks for a prediction waits for it.
    own = LabelDial.objects.filter(project=project, degree__in=dial.ACCEPTING)
    if project.automation not in dial.ACCEPTING and not own.exists():
        return False
    # Asked in full, for a dial of a label that is gone lets nothing be accepted.
    return any(part.accepts for part in terms_of(project))


def terms_of(project: Project, degree: str = "") -> list[PartTerms]:
    """Return how much is left to the model of each part, as the dial stands.

    degree: of the project, where it is not the present one. Nothing is accepted while a
    dial is of a label that is there no more.
    """
    risk = LearningPolicy.of(project.pk).automation_risk
    parts = [PartTerms("", degree or project.automation, risk)]
    owns = list(LabelDial.objects.filter(project=project))
    parts += [PartTerms(own.label, own.degree, own.risk or risk) for own in owns]
    if owns and {own.label for own in owns} - set(
        queries.label_names(project.label_set_pk)
    ):
        # A label that was renamed or merged has lost its dial: nothing may be accepted
        # under that of the others before somebody has looked.
        lowest = Automation.ASSISTANCE
        parts = [replace(part, degree=lowest.value) for part in parts]
    return dial.ordered(parts)


def doubt_of(project: Project) -> float:
    """Return how unsure a certificate of the project may leave its promise, in (0, 1)."""
    return 1 - LearningPolicy.of(project.pk).automation_confidence


def in_force(project: Project, champion: ModelVersion) -> Certificate | None:
    """Return the certificate of what serves, under the terms of now; None without one."""
    newest = (
        Certificate.objects.filter(project=project, model=champion)
        .order_by("-pk")
        .first()
    )
    return newest if newest and is_in_force(newest, project, champion) else None


def is_in_force(
    certificate: Certificate, project: Project, champion: ModelVersion
) -> bool:
    """Whether a certificate is of what serves, in the words and under the terms of now."""
    asked = [(part.label, part.risk, part.accepts) for part in terms_of(project)]
    given = [
        (part.label, part.risk, part.degree in dial.ACCEPTING)
        for part in certificate.of_parts
    ]
    return (
        certificate.model_id == champion.pk
        and certificate.sha256 == champion.sha256
        and certificate.label_set_id == project.label_set_id
        and abs(certificate.doubt - doubt_of(project)) < 1e-9
        and asked == given
    )
