"""Whether the likely labels are shown first, and what that does, for the models page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from activelearn.core import conformal
from activelearn.core.conformal import LikelyRule
from activelearn.core.intervals import Estimate
from activelearn.models import LearningPolicy, ModelVersion
from activelearn.services.ordering import assisted
from activelearn.services.ordering.assisted import LikelyEffect
from labeling import queries
from labeling.models import Project
from labeling.templatetags.figures import low_to_high, percents


@dataclass(frozen=True)
class EffectRow:
    """A figure of the votes that saw the likely labels first, and of the blind share."""

    name: str
    shown: str
    blind: str


@dataclass(frozen=True)
class LikelyShown:
    """Sentences, and figures side by side where any likely labels are shown."""

    sentences: list[str]
    rows: list[EffectRow]


def shown(
    project: Project, policy: LearningPolicy, champion: ModelVersion | None
) -> dict[str, Any]:
    """Return what the page says of them; nothing where a project never shows any."""
    is_assisted = project.shown_suggestions == Project.SuggestionMode.ASSIST
    label_count = len(queries.label_names(project.label_set_pk))
    is_possible = is_assisted and not project.is_multi and not project.suggestions_by
    if champion is None or not is_possible or label_count <= conformal.MANY:
        return {}
    rule = champion.likely_rule
    if not policy.likely_labels:
        words = _("The settings of this project say that all labels are shown.")
        return {"likely": LikelyShown([words], [])}
    if rule is None or rule.missing:
        return {"likely": LikelyShown([_not_yet(champion, rule)], [])}
    effect = assisted.effect_of(project)
    sentences = [
        _(
            "The station shows first the labels that hold the right one in 95 of 100 items "
            "drawn at random: %(count)s of such tell version %(number)s which. The model "
            "chooses harder ones, so what holds there is measured."
        )
        % {"count": rule.count, "number": champion.number},
        _held(effect),
    ]
    return {"likely": LikelyShown(sentences, list(_rows(effect)))}


def _not_yet(champion: ModelVersion, rule: LikelyRule | None) -> str:
    if rule is None:
        return _(
            "All labels are shown: version %(number)s was made before Assay asked which are "
            "likely. The next one says it."
        ) % {"number": champion.number}
    return _(
        "All labels are shown: which are likely, %(needed)s labels of items drawn at random "
        "tell, and version %(number)s had %(count)s. Held-out items count, and the random "
        "share of the queue."
    ) % {
        "needed": conformal.FEWEST,
        "number": champion.number,
        "count": rule.count,
    }


def _held(effect: LikelyEffect) -> str:
    if effect.held is None:
        return _(
            "Of the items that the model chose, one in twenty shows all labels and no "
            "suggestion. Too few of these have a vote to say how often it is a likely label."
        )
    return _(
        "Of the items that the model chose, one in twenty shows all labels and no suggestion: "
        "there the label that people gave was a likely one in %(share)s (%(interval)s)."
    ) % {
        "share": _percent(effect.held.value),
        "interval": percents((effect.held.low, effect.held.high)),
    }


def _rows(effect: LikelyEffect) -> Iterator[EffectRow]:
    few, blind = effect.shown, effect.blind
    yield EffectRow(_("Votes"), number_format(few.votes), number_format(blind.votes))
    yield EffectRow(
        _("Median seconds"),
        _seconds(few.seconds, few.votes),
        _seconds(blind.seconds, blind.votes),
    )
    yield EffectRow(
        _("Agree with a label that is not theirs alone"),
        _agreement(few.agreement, few.checked),
        _agreement(blind.agreement, blind.checked),
    )


def _seconds(figure: Estimate | None, count: int) -> str:
    if figure is None:
        return _too_few(count)
    ends = low_to_high(figure.low, figure.high, digits=1)
    return f"{number_format(figure.value, 1)} ({ends})"


def _agreement(figure: Estimate | None, count: int) -> str:
    if figure is None:
        return _too_few(count)
    return f"{_percent(figure.value)} ({percents((figure.low, figure.high))})"


def _too_few(count: int) -> str:
    return _("too few to say (%(count)s of %(needed)s)") % {
        "count": count,
        "needed": assisted.FEWEST,
    }


def _percent(share: float) -> str:
    return f"{number_format(round(100 * share), 0)} %"
