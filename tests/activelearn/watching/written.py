"""Windows of the watch as they are kept, without what they are made of."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from activelearn.core.intervals import Estimate
from activelearn.core.watching.gathering import Gathered
from activelearn.core.watching.outcomes import OutcomeTest
from activelearn.core.watching.shifts import ApartTest, MixTest
from activelearn.core.watching.verdicts import WindowEvidence
from activelearn.models import WatchWindow
from labeling.models import Project

ALARM = OutcomeTest("alarm", 9.0, 10, 90, 0.1, Estimate(0.3, 0.2, 0.4), 100)


def windows(project: Project, count: int, **values: Any) -> list[WatchWindow]:
    """Windows of an hour each, the last one now."""
    evidence = WindowEvidence(
        1000,
        mix=MixTest(0.5, "x", 0.4, 0.5),
        apart=ApartTest(0.0000001, 0.8, [0]),
        expected_fall=0.02,
        outcome=ALARM,
    )
    now = timezone.now()
    fields = {
        "model_number": 1,
        "stream": "traffic",
        "size": 1000,
        "gathered": asdict(Gathered(1000)),
        "kind": "covariate",
        "light": "red",
        "act": "retrain",
        "shape": "sudden",
        "evidence": asdict(evidence),
        "since_at": now,
        **values,
    }
    return [
        WatchWindow.objects.create(
            project=project,
            started_at=now - timedelta(hours=hours + 1),
            ended_at=now - timedelta(hours=hours),
            **fields,
        )
        for hours in reversed(range(count))
    ]
