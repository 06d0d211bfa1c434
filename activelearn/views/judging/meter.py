"""What the model's choice saves, as the models page shows it: words, picture, looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activelearn.core import meter as core
from activelearn.models import LearningPolicy, MeterLook
from activelearn.services.judging import meter
from labeling.models import Project
from labeling.templatetags.figures import percents
from labeling.templatetags.localized import localized
from labeling.views.page.charts import Curve, Point, curve


@dataclass(frozen=True)
class LookRow:
    """A look as a row of the page; switch: why another one orders since then, or empty."""

    look: MeterLook
    words: str
    switch: str


@dataclass(frozen=True)
class MeterShown:
    """What is known by now: sentences, the newest look's curves, and the looks."""

    sentences: list[str]
    rows: list[LookRow]
    points: list[core.MeterPoint]
    model: Curve | None
    chance: Curve | None
    has_fallen_back: bool


def shown(project: Project, policy: LearningPolicy) -> dict[str, Any]:
    """Return what the page shows of the looks at what the model's choice saves."""
    # At most one at each number of labels that is looked at.
    looks = list(meter.looks_of(project.pk)[: len(core.RUNGS)])
    newest = looks[0] if looks else None
    points = meter.points_of(newest) if newest else []
    model, chance = _curves(points) if points else (None, None)
    is_chance = newest is not None and newest.orderer == MeterLook.Orderer.CHANCE
    return {
        "meter": MeterShown(
            sentences=_sentences(looks, policy),
            rows=[_row(look) for look in looks],
            points=points,
            model=model,
            chance=chance,
            has_fallen_back=is_chance and policy.fall_back,
        ),
    }


def _sentences(looks: Sequence[MeterLook], policy: LearningPolicy) -> list[str]:
    """Return what the looks say, the newest first, in sentences."""
    if not looks:
        return [_not_yet(policy)]
    newest = looks[0]
    sentences = [summary(newest)]
    if newest.verdict == MeterLook.Verdict.UNSURE:
        # What was told with fewer labels still holds of these: all intervals do at once.
        sure = (look for look in looks if look.verdict != MeterLook.Verdict.UNSURE)
        sentences += [_earlier(look) for look in islice(sure, 1)]
        sentences += _needs(newest)
    sentences += _of_before(looks, policy)
    if newest.orderer == MeterLook.Orderer.CHANCE:
        sentences.append(_who_orders(policy, newest))
    return sentences


def _of_before(looks: Sequence[MeterLook], policy: LearningPolicy) -> list[str]:
    """Say where the labels were chosen in another way than they are now."""
    others = [look for look in looks if look.strategy not in {"", policy.strategy}]
    if not others:
        return []
    names = dict(LearningPolicy.Strategy.choices)
    values = {
        "labels": others[0].labels,
        # Up to the colon it is a name; behind it, what it is good for.
        "before": str(names.get(others[0].strategy, others[0].strategy)).split(":")[0],
    }
    if others[0] == looks[0]:
        return [
            _("Items are chosen in another way now: this was measured of “%(before)s”.")
            % values
        ]
    return [
        _(
            "Of these labels, those up to the look with %(labels)s of each were chosen by "
            "“%(before)s”: of today's way it tells the less."
        )
        % values
    ]


def _earlier(look: MeterLook) -> str:
    return _("With %(labels)s labels of each it was clear: %(told)s") % {
        "labels": look.labels,
        "told": summary(look),
    }


def _not_yet(policy: LearningPolicy) -> str:
    if not policy.exploration_rate:
        return _("Not measured: the random share of the queue is 0, see the settings.")
    return _(
        "Not measured yet: it takes %(labels)s labels of the random share, as many that "
        "the model chose, and %(held_out)s held-out ones."
    ) % {"labels": core.RUNGS[0], "held_out": core.FEWEST_HELD_OUT}


def summary(look: MeterLook) -> str:
    """Return what a look has found, as a sentence."""
    if look.verdict == MeterLook.Verdict.SAVES:
        return _("The model's choice saves %(share)s of the labels (%(interval)s).") % {
            "share": _percent(look.value),
            "interval": _interval(look.low, look.high),
        }
    if look.verdict == MeterLook.Verdict.COSTS:
        return _("The model's choice costs %(share)s more labels (%(interval)s).") % {
            "share": _percent(-look.value),
            "interval": _interval(_minus(look.high), _minus(look.low)),
        }
    # What is saved is a guess that may be far off: on a level curve, by any factor.
    last = meter.points_of(look)[-1]
    return _(
        "Cannot tell yet: with %(labels)s labels of each, a model of chosen ones is right "
        "on %(model)s of the held-out items, one of drawn ones on %(chance)s."
    ) % {
        "labels": look.labels,
        "model": _percent(last.model.value),
        "chance": _percent(last.chance.value),
    }


def _needs(look: MeterLook) -> list[str]:
    needs = []
    if following := core.rung_after(look.labels):
        needs.append(
            ngettext(
                "The next look needs about %(more)s more label of the random share.",
                "The next look needs about %(more)s more labels of the random share.",
                following - look.labels,
            )
            % {"more": following - look.labels}
        )
    if look.more:
        needs.append(
            ngettext(
                "If the two differ as they do now, about %(more)s more held-out label tells.",
                "If the two differ as they do now, about %(more)s more held-out labels tell.",
                look.more,
            )
            % {"more": look.more}
        )
    return needs


def _who_orders(policy: LearningPolicy, newest: MeterLook) -> str:
    if policy.fall_back and not core.rung_after(newest.labels):
        return _(
            "Chance orders the queue now. This was the last look, so it stays like that "
            "until somebody changes the settings of this project."
        )
    if policy.fall_back:
        return _(
            "Chance orders the queue now. The model keeps a tenth of the places, and gets "
            "them all back when its choice seems to save labels twice in a row."
        )
    return _(
        "The settings of this project say that the model orders the queue all the same."
    )


def _row(look: MeterLook) -> LookRow:
    switch = localized(meter.switched(look)) if look.is_switch else ""
    return LookRow(look, summary(look), switch)


def _percent(share: float) -> str:
    return f"{number_format(round(100 * share) + 0, 0)} %"


def _minus(end: float | None) -> float | None:
    return None if end is None else -end


def _interval(low: float | None, high: float | None) -> str:
    """Return the ends of an interval in words; one that is not known is left out."""
    if low is not None and high is not None:
        return percents((low, high))
    if low is not None:
        return _("at least %(share)s") % {"share": _percent(low)}
    return _("at most %(share)s") % {"share": _percent(high or 0.0)}


def _curves(points: list[core.MeterPoint]) -> tuple[Curve, Curve]:
    sides = [
        [(p.labels, p.model) for p in points],
        [(p.labels, p.chance) for p in points],
    ]
    # From a fifth below all that is drawn: the curves fill the picture, at round lines.
    low = min(figure.low for side in sides for _labels, figure in side)
    floor = int(low * 5) / 5
    model, chance = (
        curve(
            [Point(str(n), e.value, e.low, e.high) for n, e in side],
            low=floor,
            high=1.0,
        )
        for side in sides
    )
    return model, chance
