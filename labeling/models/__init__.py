"""The tables of people and their answers, one file per aggregate."""

from __future__ import annotations

from labeling.models.access import BrowserSession, Door
from labeling.models.agreement import AgreementReport
from labeling.models.annotation import Annotation, AnnotationEvent
from labeling.models.assignment import Assignment, QueueEntry, Reason
from labeling.models.beyond import BeyondSample
from labeling.models.importing import ImportRun, Upload
from labeling.models.inquiry import Inquiry
from labeling.models.item import Item, Media
from labeling.models.job import Job
from labeling.models.likeness import Likeness, LikenessBand
from labeling.models.outside import OutsidePrediction, PredictionSource
from labeling.models.people import ApiToken, Invitation, Membership, User, digest_of
from labeling.models.policy import ALL_PURPOSES, Purpose
from labeling.models.prediction import Prediction
from labeling.models.project import (
    Guideline,
    Label,
    LabelSet,
    Project,
    ProjectCounter,
)
from labeling.models.resolution import (
    BlindLabels,
    Deferral,
    Disagreement,
    Gold,
    Precedent,
    Resolution,
)
from labeling.models.review import Review
from labeling.models.skills import Skills
from labeling.models.source import Source, SourceObject
from labeling.models.unread import Unread
from labeling.models.vector import ItemVector
from labeling.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "ALL_PURPOSES",
    "AgreementReport",
    "Annotation",
    "AnnotationEvent",
    "ApiToken",
    "Assignment",
    "BeyondSample",
    "BlindLabels",
    "BrowserSession",
    "Deferral",
    "Disagreement",
    "Door",
    "Gold",
    "Guideline",
    "ImportRun",
    "Inquiry",
    "Invitation",
    "Item",
    "ItemVector",
    "Job",
    "Label",
    "LabelSet",
    "Likeness",
    "LikenessBand",
    "Media",
    "Membership",
    "OutsidePrediction",
    "Precedent",
    "Prediction",
    "PredictionSource",
    "Project",
    "ProjectCounter",
    "Purpose",
    "QueueEntry",
    "Reason",
    "Resolution",
    "Review",
    "Skills",
    "Source",
    "SourceObject",
    "Unread",
    "Upload",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
    "digest_of",
]
