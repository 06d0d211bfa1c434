"""The tables of the learner."""

from __future__ import annotations

from activelearn.models.alarm import WatchIncident, WatchRule
from activelearn.models.automation import (
    AuditedItem,
    Certificate,
    DialChange,
    LabelDial,
)
from activelearn.models.batch import PredictionBatch
from activelearn.models.duel import Duel
from activelearn.models.feature import FeatureShard, FeatureSpec
from activelearn.models.feedback import Feedback
from activelearn.models.forecast import LearningForecast
from activelearn.models.meter import MeterLook
from activelearn.models.online import OnlineCall, OnlineLook, OnlineTest
from activelearn.models.policy import LearningPolicy
from activelearn.models.representation import AddedEncoder, RepresentationChoice
from activelearn.models.run import (
    RankingFit,
    RetrainTrigger,
    ScoredChunk,
    ScoringRun,
    Snapshot,
    TrainingRun,
)
from activelearn.models.version import Evaluation, ModelVersion, Promotion
from activelearn.models.watch import (
    AskedItem,
    SentBatch,
    WatchPart,
    WatchReference,
    WatchWindow,
)
from activelearn.models.window import WindowTrial

__all__ = [
    "AddedEncoder",
    "AskedItem",
    "AuditedItem",
    "Certificate",
    "DialChange",
    "Duel",
    "Evaluation",
    "FeatureShard",
    "FeatureSpec",
    "Feedback",
    "LabelDial",
    "LearningForecast",
    "LearningPolicy",
    "MeterLook",
    "ModelVersion",
    "OnlineCall",
    "OnlineLook",
    "OnlineTest",
    "PredictionBatch",
    "Promotion",
    "RankingFit",
    "RepresentationChoice",
    "RetrainTrigger",
    "ScoredChunk",
    "ScoringRun",
    "SentBatch",
    "Snapshot",
    "TrainingRun",
    "WatchIncident",
    "WatchPart",
    "WatchReference",
    "WatchRule",
    "WatchWindow",
    "WindowTrial",
]
