"""Which representation a project's texts are read by: the newest choice, or the first."""

from __future__ import annotations

from typing import Final

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.models import RepresentationChoice
from labeling.messages import Message, message, verbatim
from labeling.models import Project, ProjectCounter

NAMES: Final[dict[str, Message]] = {
    "joined": message("words, parts of words and what they mean"),
    "hashed": message("words and parts of words"),
    "encoded": message("what the words mean"),
}


def newest(project_id: int) -> RepresentationChoice | None:
    """Return the last comparison; None before the first."""
    return RepresentationChoice.objects.filter(project=project_id).first()


def name_now(project_id: int) -> str:
    """Return the name of the representation in force."""
    row = newest(project_id)
    # A later release may have had one that this program does not know.
    known = row and row.name in representations.SPECS
    return row.name if row and known else representations.DEFAULT


def called(name: str) -> Message:
    """Return what people call a representation, also one of another release."""
    return NAMES.get(name) or verbatim(name)


def today(project: Project) -> core.Spec:
    """Return how the project's texts become numbers."""
    return dict(representations.SPECS[name_now(project.pk)])


def is_due(project_id: int) -> bool:
    """Whether there are texts, and enough labels of them for the next comparison."""
    texts = Project.objects.filter(pk=project_id, data_type=Project.DataType.TEXT)
    labels = ProjectCounter.confident_of(project_id)
    # Cheap first: every project is looked at every few seconds.
    if labels < representations.FEWEST or not texts.exists():
        return False
    row = newest(project_id)
    # Where labels went since, the next comparison waits for as many as the last one had.
    return representations.is_due(labels, row.label_count if row else 0)
