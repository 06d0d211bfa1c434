"""Which version answers which question: a canary's or an A/B test's share, by content.

An item's content decides, so the same item has the same answer as long as the share is the
same, and whoever had the challenger's keeps it while the share grows.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from activelearn.core.features import Spec
from activelearn.core.translation import TranslatedModel
from activelearn.models import ModelVersion, OnlineCall, OnlineTest
from activelearn.services.features import in_force
from activelearn.services.versions import loading, releases
from labeling.errors import AssayError
from labeling.models import Project

logger = logging.getLogger(__name__)
# Seconds between two looks of a process at the guards of a test.
PACE: Final = 2.0
# What a version's file, features or arithmetic may end in: not the database's failures,
# which are no fault of the version.
FAILURES: Final = (
    *(AssayError, ArithmeticError, AttributeError, LookupError),
    *(OSError, RuntimeError, TypeError, ValueError),
)
# Tests that a process remembers having looked at.
MOST_KNOWN: Final = 1000
# Where the challenger reads slowly, of larger calls it answers nothing.
MOST_SLOW: Final = 100

Serving = tuple[ModelVersion, TranslatedModel, Spec]


class WithContent(Protocol):
    """What is asked about: an item of the project, or one from outside."""

    @property
    def content_hash(self) -> str:
        """The digest of its content."""


class WithDecision(Protocol):
    """What is said of it."""

    @property
    def decision(self) -> str:
        """Whether it is accepted, or goes to people."""


_Asked = TypeVar("_Asked", bound=WithContent)
_Said = TypeVar("_Said", bound=WithDecision)
Predicting = Callable[[Serving, Sequence[_Asked]], list[_Said]]


def routed(
    project: Project,
    serving: Serving,
    asked: Sequence[_Asked],
    predicted: Predicting[_Asked, _Said],
) -> list[_Said]:
    """Return what is said of each, by the version whose share it is in, in their order.

    Where the challenger fails, for whatever reason, the champion says it: a test costs no
    caller a prediction. Raises what ``predicted`` raises for the champion: ConflictError,
    DamagedFileError and NotFoundError.
    """
    test = _test_at_work(project, serving[0])
    mine = _places(test, asked) if test else []
    if test is None:
        return predicted(serving, asked)
    # By place, for both versions fill the gaps of the other.
    made: dict[int, _Said] = {}
    calls: list[OnlineCall] = []
    # First the challenger: what it leaves undone is the champion's.
    if mine:
        known, call = _tried(test, [asked[place] for place in mine], predicted)
        made |= zip(mine, known, strict=False)
        calls.append(call)
    rest = [place for place in range(len(asked)) if place not in made]
    if rest:
        began = time.perf_counter()
        known = predicted(serving, [asked[place] for place in rest])
        made |= zip(rest, known, strict=True)
        calls.append(_call_of(test, known, began))
    # Rows of their own: a counter would have calls wait for each other.
    OnlineCall.objects.bulk_create(calls)
    _look_at_guards(test)
    return [made[place] for place in range(len(asked))]


def place_of(test: OnlineTest, content_hash: str) -> float:
    """Return the place of a content in a test, in [0, 1): below the share is the challenger's.

    Each test has its own order, so it is not always the same items that are tried on.
    """
    digest = hashlib.sha256(f"{test.pk}:{content_hash}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _test_at_work(project: Project, champion: ModelVersion) -> OnlineTest | None:
    """Return the test in which calls are shared; none where another version serves by now."""
    tests = OnlineTest.objects.select_related("challenger__project")
    return tests.filter(
        project=project, ended_at=None, share__gt=0, champion=champion
    ).first()


def _places(test: OnlineTest, asked: Sequence[WithContent]) -> list[int]:
    return [
        place
        for place, each in enumerate(asked)
        if place_of(test, each.content_hash) < test.share
    ]


def _tried(
    test: OnlineTest, asked: Sequence[_Asked], predicted: Predicting[_Asked, _Said]
) -> tuple[list[_Said], OnlineCall]:
    """Return what the challenger says, nothing where it fails, and the call to be noted."""
    began = time.perf_counter()
    known: list[_Said] = []
    is_failure = False
    try:
        model, spec = loading.load_kept(test.challenger)
        if len(asked) <= MOST_SLOW or not in_force.is_slow(spec):
            known = predicted((test.challenger, model, spec), asked)
    except FAILURES:
        logger.exception("version %s fails in test %s", test.challenger.number, test.pk)
        is_failure = True
    call = _call_of(test, known, began)
    call.is_challenger, call.errors = True, int(is_failure)
    return known, call


def _call_of(
    test: OnlineTest, made: Sequence[WithDecision], began: float
) -> OnlineCall:
    return OnlineCall(
        test=test,
        is_challenger=False,
        items=len(made),
        reviews=sum(each.decision == "review" for each in made),
        seconds=time.perf_counter() - began,
    )


_looked: dict[int, float] = {}


def _look_at_guards(test: OnlineTest) -> None:
    """End the test where a guard breaks: at most every ``PACE`` seconds, by each process."""
    now = time.monotonic()
    if now - _looked.get(test.pk, 0.0) >= PACE:
        if len(_looked) > MOST_KNOWN:
            _looked.clear()
        _looked[test.pk] = now
        releases.guard(test)
