"""The plan of an online test: what is declared before it begins, and what may be declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from activelearn.core import dial
from activelearn.core.features import Spec
from activelearn.models import LabelDial, OnlineTest
from activelearn.services.features import telling
from labeling.errors import InvalidInputError
from labeling.messages import sentence as _
from labeling.models import Project

Kind = OnlineTest.Kind
_Follows = OnlineTest.Follows
# Of an A/B test, unless somebody says another one.
HALF: Final = 0.5


@dataclass(frozen=True)
class OnlinePlan:
    """What is declared before a test begins, and kept with it.

    share: of the calls that the challenger of an A/B test answers. least: the smallest
    difference that matters. most: settled items, and days: days, after which it ends.
    """

    kind: str = "shadow"
    metric: str = "accuracy"
    follows: str = "person"
    share: float = HALF
    least: float = 0.01
    most: int = 2000
    days: int = 14
    step_calls: int = 100
    step_hours: float = 1.0


def check_plan(plan: OnlinePlan) -> None:
    """Raise InvalidInputError, by field, for a plan that is none."""
    errors = {}
    allowed = {
        "kind": plan.kind in Kind.values,
        "metric": plan.metric in OnlineTest.Metric.values
        and (plan.kind == Kind.SPLIT or plan.metric == OnlineTest.Metric.ACCURACY),
        # Only a shadow is followed by a canary.
        "follows": plan.follows in _Follows.values
        and (plan.kind == Kind.SHADOW or plan.follows != _Follows.CANARY),
        # With more than half there is too little left to compare with.
        "share": 0.01 <= plan.share <= HALF,
        "least": 0.001 <= plan.least <= 0.5,
        "most": 20 <= plan.most <= 20_000,
        "days": 1 <= plan.days <= 365,
        "step_calls": 1 <= plan.step_calls <= 10**6,
        "step_hours": 0 <= plan.step_hours <= 24 * 30,
    }
    for name, is_allowed in allowed.items():
        if not is_allowed:
            errors[name] = [_("This is not allowed here.")]
    if errors:
        raise InvalidInputError(errors=errors)


def predicts_outside(spec: Spec) -> bool:
    """Whether a version can answer calls about items that are not in the project."""
    return bool(spec.get("encoder", {}).get("name") != telling.VECTORS)


def accepts_by_champion(project: Project) -> bool:
    """Whether the dial accepts by a certificate, which is of the champion alone.

    All that another version says would go to people there, whatever it is worth.
    """
    own = LabelDial.objects.filter(project=project, degree__in=dial.ACCEPTING)
    return project.automation in dial.ACCEPTING or own.exists()
