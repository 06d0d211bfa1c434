"""The course of an online test as numbers a template can draw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from activelearn.core import sequential
from activelearn.models import OnlineLook
from activelearn.services.online.reading import OnlineCourse
from labeling.views.page.charts import Curve, Point, curve


@dataclass(frozen=True)
class CoursePicture:
    """Evidence for better and for worse over the looks, in factors of ten, and the shares.

    limit: the height from which one is proved.
    """

    benefit: Curve
    harm: Curve
    shares: Curve
    limit: float


def picture_of(course: OnlineCourse) -> CoursePicture | None:
    """Return the picture; a single look is no course."""
    if len(course.looks) < 2:
        return None
    proof = _tens(sequential.limit(course.test.alpha))
    reached = [_tens(max(look.benefit, look.harm)) for look in course.looks]
    high = max(math.ceil(max([proof, *reached])), 2.0)
    limit = curve([Point("", proof)], low=0.0, high=high).dots[0].y
    return CoursePicture(
        _curve(course, lambda look: _tens(look.benefit), high),
        _curve(course, lambda look: _tens(look.harm), high),
        _curve(course, lambda look: look.share, 1.0),
        limit,
    )


def _curve(
    course: OnlineCourse, value: Callable[[OnlineLook], float], high: float
) -> Curve:
    points = [Point(str(look.items), value(look)) for look in course.looks]
    return curve(points, low=0.0, high=high)


def _tens(logarithm: float) -> float:
    return max(0.0, logarithm / math.log(10))
