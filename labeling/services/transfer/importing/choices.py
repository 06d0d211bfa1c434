"""What a person chooses for the labels of a file, and for items that are there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from labeling import queries, rules
from labeling.errors import InvalidInputError
from labeling.messages import Sentence
from labeling.messages import sentence as _
from labeling.models import Membership, Project
from labeling.services.transfer.rows import MAX_NAME, account_name

# Empty: the labels are not used, and the report says so.
LABELS_ARE: Final = ("", "gold", "votes", "predictions", "data")
UNKNOWN_LABELS: Final = ("refuse", "add")
KNOWN_ANSWERS: Final = ("keep", "take", "vote")
SAME_ID: Final = ("refuse", "new")


@dataclass(frozen=True)
class ImportChoices:
    """What a person chooses for an import.

    labels_by: whose votes or predictions the labels are. label_map: label of the file → label of the
    project. known_answers: for a content whose answer is another one. same_id: for a row
    with the id of another item.
    """

    labels_are: str = ""
    labels_by: str = ""
    label_map: Mapping[str, str] = field(default_factory=dict)
    unknown_labels: str = "refuse"
    known_answers: str = "keep"
    same_id: str = "refuse"

    @property
    def is_gold(self) -> bool:
        """Whether the labels are known to be right."""
        return self.labels_are == "gold"

    @property
    def voter(self) -> str:
        """The user who votes the label of each row; empty where the labels are no votes."""
        return self.labels_by if self.labels_are == "votes" else ""

    @property
    def predictor(self) -> str:
        """Who predicts the label of each row; empty where the labels are otherwise."""
        return self.labels_by.strip() if self.labels_are == "predictions" else ""


NO_CHOICES: Final = ImportChoices()


def of_options(options: Mapping[str, Any]) -> ImportChoices:
    """Return the choices of an import; those of earlier releases say only ``gold``."""
    given = {
        name: options[name]
        for name in ImportChoices.__dataclass_fields__
        if name in options
    }
    if options.get("gold") is True and not given.get("labels_are"):
        given["labels_are"] = "gold"
    return ImportChoices(**given)


def check(project: Project, choices: ImportChoices) -> None:
    """Raise InvalidInputError, naming each choice that cannot be followed."""
    allowed = {
        "labels_are": LABELS_ARE,
        "unknown_labels": UNKNOWN_LABELS,
        "known_answers": KNOWN_ANSWERS,
        "same_id": SAME_ID,
    }
    errors = {
        name: [
            _("Choose one of these: %(choices)s.")
            % {"choices": ", ".join(filter(None, names))}
        ]
        for name, names in allowed.items()
        if getattr(choices, name) not in names
    }
    if why := why_not_kept(choices.labels_by) or _why_not_by(project, choices):
        errors["labels_by"] = [why]
    if why := why_not_kept(dict(choices.label_map)):
        errors["label_map"] = [why]
    labels = queries.label_names(project.label_set_id)
    if lost := sorted({*map(str, choices.label_map.values())} - labels - {""}):
        why = _("“%(label)s” is not a label of this project.")
        errors["label_map"] = [why % {"label": lost[0][:80]}]
    if errors:
        raise InvalidInputError(errors=errors)


def _why_not_by(project: Project, choices: ImportChoices) -> Sentence | None:
    """Return why nobody can vote under the name that is said, if nobody can."""
    name = choices.labels_by.strip()
    are_named = choices.labels_are in ("votes", "predictions")
    is_needed = are_named or choices.known_answers == "vote"
    if not name or len(name) > MAX_NAME:
        why = _(
            "Say whose votes or predictions they are: a name of 1 to %(most)s characters."
        )
        return why % {"most": MAX_NAME} if is_needed or name else None
    if choices.labels_are == "predictions" and choices.known_answers != "vote":
        return None
    # Nobody votes in the name of a person who is here.
    living = Membership.objects.filter(project=project, user__is_active=True)
    if living.filter(user__username__iexact=account_name(name)).exists():
        why = _(
            "“%(name)s” is a member of this project, and members vote themselves: choose another name."
        )
        return why % {"name": name}
    return None


def why_not_kept(value: object) -> Sentence | None:
    """Return why a name that a person gives, or names, cannot be kept, if they cannot."""
    is_bad = rules.storable(value) is not None
    return _("It has a character that cannot be kept.") if is_bad else None
