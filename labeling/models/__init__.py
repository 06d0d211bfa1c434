"""The tables of people and their answers, one file per aggregate."""

from __future__ import annotations

from labeling.models.agreement import AgreementReport
from labeling.models.annotation import Annotation, AnnotationEvent
from labeling.models.assignment import Assignment, QueueEntry, Reason
from labeling.models.importing import ImportRun, Upload
from labeling.models.item import Item, Media
from labeling.models.job import Job
from labeling.models.people import ApiToken, Membership, User
from labeling.models.prediction import Prediction
from labeling.models.project import (
    Guideline,
    Label,
    LabelSet,
    Project,
    ProjectCounter,
)
from labeling.models.resolution import BlindAnswer, Disagreement, Gold, Resolution

__all__ = [
    "AgreementReport",
    "Annotation",
    "AnnotationEvent",
    "ApiToken",
    "Assignment",
    "BlindAnswer",
    "Disagreement",
    "Gold",
    "Guideline",
    "ImportRun",
    "Item",
    "Job",
    "Label",
    "LabelSet",
    "Media",
    "Membership",
    "Prediction",
    "Project",
    "ProjectCounter",
    "QueueEntry",
    "Reason",
    "Resolution",
    "Upload",
    "User",
]
