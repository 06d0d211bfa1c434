"""Figures of a model on held-out items, each with its interval."""

from __future__ import annotations

from typing import Annotated

from labeling.api.http.fields import LabelName, ReplyData, about, one_of


class Estimate(ReplyData):
    """A figure with its interval, which holds the true one in 95 % of all samples."""

    value: Annotated[float, about("As measured, in the unit of the figure.")]
    low: Annotated[float, about("The interval's lower end.")]
    high: Annotated[float, about("The interval's upper end.")]


class Summary(ReplyData):
    """The figures that are never shown without each other."""

    items: Annotated[int, about("How many; votes, where people are judged.")]
    accuracy: Annotated[Estimate, about("The share of items with all labels right.")]
    macro_f1: Annotated[
        Estimate, about("The mean F1 of the labels that truth or model name.")
    ]
    balanced_accuracy: Annotated[
        Estimate, about("The mean recall of the labels that items have.")
    ]


class LabelReport(ReplyData):
    """How good a model is on one label, and how sure that is."""

    label: LabelName
    precision: Annotated[
        Estimate, about("Of the items predicted to have it, the share that has.")
    ]
    recall: Annotated[
        Estimate, about("Of the items that have it, the share predicted to.")
    ]
    f1: Annotated[Estimate, about("The harmonic mean of both.")]
    support: Annotated[int, about("How many held-out items have it.")]
    average_precision: Annotated[
        Estimate | None,
        about("Over all thresholds; null without probabilities or items with it."),
    ]
    beyond: Annotated[
        int,
        about(
            "Of these, how many are held out for it beyond the draw: they count in the recall alone."
        ),
    ] = 0


class Confusion(ReplyData):
    """How many items of a label the model says another label of, or the same."""

    truth: LabelName
    predicted: Annotated[str, about("What the model says.")]
    items: Annotated[int, about("How many, at least one.")]


class LabelChange(ReplyData):
    """Items on which a model is right on a label and the one before was wrong."""

    label: LabelName
    fixed: Annotated[int, about("Where only this model is right.")]
    broken: Annotated[int, about("Where only the one before was right.")]


class SetFigures(ReplyData):
    """The figures of whole sets of labels."""

    jaccard: Annotated[
        Estimate,
        about("Of an item's labels, true or predicted, the share that is both."),
    ]
    sample_f1: Annotated[Estimate, about("The mean F1 of the items.")]
    micro_f1: Annotated[Estimate, about("F1 of the labels of all items together.")]
    hamming_loss: Annotated[
        Estimate, about("The share of wrong decisions, of each label on each item.")
    ]


class Figures(ReplyData):
    """All figures of a model on held-out items."""

    summary: Annotated[Summary, about("Of all items together.")]
    log_loss: Annotated[Estimate | None, about("In nats.")]
    labels: Annotated[
        list[LabelReport], about("Of each label that truth or model name.")
    ]
    confusions: Annotated[
        list[Confusion],
        about("The cells that are not empty; none where items have several labels."),
    ]
    sets: Annotated[SetFigures | None, about("Null where items have one label.")] = None
    undecided: Annotated[
        int, about("Items called truly ambiguous: they count in `log_loss` alone.")
    ] = 0


class Slice(ReplyData):
    """The figures of held-out items with one thing in common."""

    kind: Annotated[
        str,
        one_of(
            ["length", "metadata", "source", "tag"], "What the items have in common."
        ),
    ]
    name: Annotated[str, about("Which length, tag, source or value in the metadata.")]
    summary: Annotated[Summary, about("Of these items alone.")]


class Part(ReplyData):
    """A slice, or the items of a label, and what a model fixes and breaks there."""

    kind: Annotated[
        str,
        one_of(
            ["label", "length", "metadata", "source", "tag"],
            "What the items have in common.",
        ),
    ]
    name: Annotated[
        str, about("Which label, length, tag, source or value in the metadata.")
    ]
    items: Annotated[
        int, about("Held-out items in it; both models are judged on them.")
    ]
    better: Annotated[int, about("Items that only this model has right.")]
    worse: Annotated[int, about("Items that only the champion has right.")]
    p: Annotated[float, about("How likely chance alone makes it so much worse.")]
    bar: Annotated[float, about("What `p` has to be below, as one of many parts.")]
    is_worse: Annotated[bool, about("Whether this forbids it to take over.")]


class Baseline(ReplyData):
    """What the model has to beat on the same items."""

    name: Annotated[
        str,
        one_of(
            [
                "majority",
                "nearest",
                "champion",
                "people",
                "people-others",
                "people-experts",
            ],
            "`nearest`: example by the same features; `people`: one against the others, "
            "or against an expert where one decided.",
        ),
    ]
    summary: Annotated[Summary, about("Of what it says of the items.")]


class ReliabilityBin(ReplyData):
    """Predictions of about the same confidence, and the share of them that is right."""

    confidence: Annotated[float, about("The mean of these predictions'.")]
    right: Annotated[Estimate, about("The share of them that is right.")]
    answers: Annotated[int, about("How many they are.")]


class Reliability(ReplyData):
    """The reliability diagram, and its expected calibration error (`ece`)."""

    ece: Annotated[Estimate, about("The expected calibration error, a share.")]
    bins: Annotated[list[ReliabilityBin], about("The least confident first.")]


class CalibrationTrial(ReplyData):
    """Whether a calibration helped, and on how many labels that was seen."""

    labels: Annotated[int, about("How many labels it was tried on.")]
    gain: Annotated[float, about("In log loss, in nats.")]
    error: Annotated[float, about("The gain's standard error.")]
    needed: Annotated[
        int, about("From how many labels on it could help; 0: nothing to gain.")
    ]
    method: Annotated[str, about("What was tried; empty in earlier releases.")] = ""
    vector_from: Annotated[
        int, about("From how many labels on `vector` is tried; 0: it was, or never is.")
    ] = 0
    arm: Annotated[
        int,
        about("Of the labels, those of the pool that were drawn at random."),
    ] = 0


class CalibrationReport(ReplyData):
    """How sure the model is beside how often it is right."""

    kind: Annotated[
        str,
        one_of(["none", "temperature", "vector", "platt"], "The calibration in use."),
    ]
    trial: Annotated[CalibrationTrial | None, about("Null where none was tried.")]
    before: Annotated[Reliability, about("Without a calibration.")]
    after: Annotated[
        Reliability | None,
        about("Of calibrations that were fitted on other items each."),
    ]
    sets: Annotated[
        Reliability | None,
        about("Of whole sets as they are served, where items may have several labels."),
    ] = None
