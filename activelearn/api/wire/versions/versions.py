"""Versions of the model, and what held-out items say of them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from activelearn import models
from activelearn.api.wire.judging.duels import Duel, duel_of
from activelearn.api.wire.judging.figures import (
    Baseline,
    CalibrationReport,
    Figures,
    LabelChange,
    LabelReport,
    Part,
    Slice,
    Summary,
)
from activelearn.api.wire.versions.history import VersionAct, version_acts
from activelearn.core import signs
from activelearn.services.judging import judgments
from labeling.api.http.fields import (
    Added,
    LabelName,
    Moment,
    ReplyData,
    Share,
    VersionNumber,
    about,
    literals,
    one_of,
)

GateVerdict = Annotated[
    str,
    one_of(literals(judgments.JudgmentVerdict), "Whether it may serve, by the gate."),
]


class LabelFigures(ReplyData):
    """How good a model is on one label."""

    label: LabelName
    precision: Annotated[
        Share, about("Of the items predicted to have it, the share that has.")
    ]
    recall: Annotated[
        Share, about("Of the items that have it, the share predicted to.")
    ]
    f1: Annotated[Share, about("The harmonic mean of both.")]
    support: Annotated[int, about("How many held-out items have it.")]


class Evaluation(ReplyData):
    """All that held-out items say of a version."""

    number: Annotated[int, about("Of the version.")]
    items: Annotated[int, about("Held-out items that it was judged on.")]
    left_out: Annotated[
        int, about("Held-out items with a label that the leak check has left out.")
    ]
    better: Annotated[int, about("Items that only this model has right.")]
    worse: Annotated[int, about("Items that only the champion has right.")]
    verdict: GateVerdict
    rule: Annotated[str, about("By which rule the gate decided, and its number.")]
    alpha: Annotated[
        float | None,
        about("The error that its exact test was allowed; null where it made none."),
    ]
    look: Annotated[
        int | None, about("Under `strict`: which test of the project's life it was.")
    ]
    exact_p: Annotated[float, about("The p-value of the exact test (McNemar's).")]
    lower_bound: Annotated[
        float, about("Of the gain in accuracy, with 90 % certainty: a share.")
    ]
    figures: Annotated[Figures, about("On all of these items.")]
    slices: Annotated[
        list[Slice], about("On parts of them that have something in common.")
    ]
    baselines: Annotated[list[Baseline], about("What it has to beat to be of any use.")]
    parts: Annotated[
        list[Part],
        about(
            "How it does against the champion on slices and labels, the worst first."
        ),
    ]
    training: Annotated[
        Summary | None, about("On the items that the model has learned from.")
    ]
    calibration: Annotated[
        CalibrationReport | None, about("Null for versions before calibration.")
    ] = None
    changes: Annotated[
        list[LabelChange],
        about("Against what served before, where items may have several labels."),
    ] = msgspec.field(default_factory=list)
    people: Annotated[
        list[LabelReport],
        about(
            "One person against the others, or an expert, by label: of votes. Where items "
            "may have several labels."
        ),
    ] = msgspec.field(default_factory=list)
    duel: Annotated[
        Duel | None, about("Its latest one with what served; null: it had none.")
    ] = None


class Model(ReplyData):
    """A version of the model with its evidence on held-out items."""

    number: VersionNumber
    stage: Annotated[
        str,
        one_of(
            models.ModelVersion.Stage.values,
            "The `champion` serves; a `challenger` may be promoted by a person.",
        ),
    ]
    created_at: Added
    promoted_at: Annotated[
        Moment | None, about("When it last began to serve; null: never.")
    ]
    rolled_back_at: Annotated[
        Moment | None, about("When it was taken out of service, until promoted anew.")
    ]
    labels: Annotated[int, about("How many labels it learned from.")]
    calibrated: Annotated[
        bool, about("Whether its confidences are right as often as they say.")
    ]
    snapshot: Annotated[str, about("The SHA-256 of what it learned from.")]
    sha256: Annotated[str, about("Of its file.")]
    accuracy: Annotated[
        Share | None, about("The share of held-out items with all labels right.")
    ]
    macro_f1: Annotated[Share | None, about("The mean F1 of the labels.")]
    evaluation_items: Annotated[int, about("Held-out items that it was judged on.")]
    better: Annotated[int | None, about("Items that only this model has right.")]
    worse: Annotated[int | None, about("Items that only the champion has right.")]
    verdict: GateVerdict | None
    waits_for: Annotated[
        int | None,
        about(
            "Held-out labels that are expected to tell, where it waits: it is judged "
            "again by itself then."
        ),
    ]
    per_label: Annotated[list[LabelFigures], about("Empty until it is judged.")]
    duel: Annotated[
        Duel | None, about("Its latest one with what served; null: it had none.")
    ]
    acts: Annotated[
        list[VersionAct],
        about("Who let it serve or put it away, and why; the latest first."),
    ]


def model_of(model: models.ModelVersion) -> Model:
    """Return a model version with its evidence."""
    evidence = model.evidence
    return Model(
        number=model.number,
        stage=model.stage,
        created_at=model.created_at,
        promoted_at=model.promoted_at,
        rolled_back_at=model.rolled_back_at,
        labels=model.snapshot.items,
        calibrated=model.is_calibrated,
        snapshot=model.snapshot.sha256,
        sha256=model.sha256,
        accuracy=evidence.accuracy if evidence else None,
        macro_f1=evidence.macro_f1 if evidence else None,
        evaluation_items=evidence.items if evidence else 0,
        better=evidence.better if evidence else None,
        worse=evidence.worse if evidence else None,
        verdict=evidence.verdict if evidence else None,
        waits_for=(
            model.waits_for
            if model.stage == models.ModelVersion.Stage.WAITING
            else None
        ),
        per_label=_per_label(evidence) if evidence else [],
        duel=duel_of(model),
        acts=version_acts(model),
    )


def _per_label(evidence: models.Evaluation) -> list[LabelFigures]:
    report = msgspec.convert(evidence.report["figures"]["labels"], list[LabelReport])
    return [
        LabelFigures(
            label=row.label,
            precision=row.precision.value,
            recall=row.recall.value,
            f1=row.f1.value,
            support=row.support,
        )
        for row in report
    ]


def evaluation_of(evidence: models.Evaluation) -> Evaluation:
    """Return all that held-out items say of a version."""
    own = {
        "number": evidence.model.number,
        "items": evidence.items,
        "left_out": evidence.left_out,
        "better": evidence.better,
        "worse": evidence.worse,
        "verdict": evidence.verdict,
        "rule": evidence.rule,
        "alpha": evidence.asked.alpha,
        "look": evidence.asked.look,
        "exact_p": signs.exact_p(evidence.better, evidence.worse, evidence.asked.nets),
        "lower_bound": evidence.lower_bound,
        # Evaluations of earlier releases have none.
        "parts": evidence.report.get("parts", []),
    }
    whole = msgspec.convert({**evidence.report, **own}, Evaluation)
    whole.duel = duel_of(evidence.model)
    return whole
