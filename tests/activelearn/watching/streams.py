"""Tables whose truth is known, and a project whose model serves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from activelearn.models import ModelVersion, WatchWindow
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from activelearn.services.watching import watch
from labeling.models import Item, Project, Resolution
from labeling.services.votes import resolutions
from tests import make
from tests.activelearn.test_loop import answer, work

Row = Mapping[str, Any]


def rows(seed: int, count: int, *, moved: float = 0.0, mix: float = 0.5) -> list[Row]:
    """Rows of two numbers and a color; ``mix`` of them, in expectation, are ``x``."""
    random = np.random.default_rng(seed)
    is_x = random.random(count) < mix
    return [
        {
            "a": round(float(random.normal(2.0 if x else -2.0)), 4),
            "b": round(float(random.normal(moved)), 4),
            "color": str(random.choice(["red", "green", "blue"])),
        }
        for x in is_x
    ]


def truth_of(row: Row) -> str:
    return "x" if row["a"] > 0 else "y"


def project_of(given: Sequence[Row], *, labels: int = 120, **policy: Any) -> Project:
    """A project of rows, a third of them held out, with a model of ``labels`` answers."""
    project = make.project(data_type="table", **{"evaluation_rate": 0.35, **policy})
    # Chance decides what people are asked about; a draw of the project's own seed, here.
    project.seed = 5
    project.save(update_fields=["seed"])
    truth = {}
    for number, row in enumerate(given):
        split = "pool" if number % 3 else "evaluation"
        truth[make.item(project, data=row, split=split).pk] = truth_of(row)
    answer(project, truth, labels)
    triggers.request(project, None, "by hand")
    work(project)
    if registry.champion(project) is None:
        registry.promote(ModelVersion.objects.get(project=project), None)
    return project


def ask(project: Project, given: Sequence[Row]) -> None:
    """Ask the real API about rows, a thousand at once."""
    call = make.Caller(make.member(project, "engineer").user)
    for start in range(0, len(given), 1000):
        some = given[start : start + 1000]
        body = {"items": [{"data": row} for row in some]}
        answered = call("post", f"projects/{project.slug}/predict/", body)
        assert answered.status_code == 200, answered.content


def looked(project: Project) -> list[WatchWindow]:
    """Have what is due judged; return all windows, the oldest first."""
    watch.consider(project.pk)
    work(project)
    return list(WatchWindow.objects.filter(project=project).order_by("pk"))


def later(project: Project, given: Sequence[Row]) -> list[Item]:
    """Add rows to the pool after the model was made."""
    return [make.item(project, data=row) for row in given]


def ask_about(project: Project, item: Item) -> None:
    """Ask the real API about an item of the project."""
    call = make.Caller(make.member(project, "engineer").user)
    body = {"items": [{"item": item.pk}]}
    answered = call("post", f"projects/{project.slug}/predict/", body)
    assert answered.status_code == 200, answered.content


def labeled(project: Project, given: Sequence[Row], *, flips: bool = False) -> None:
    """Add held-out rows, each with the label that people give it now."""
    for row in given:
        item = make.item(project, data=row, split="evaluation")
        label = truth_of(row)
        label = {"x": "y", "y": "x"}[label] if flips else label
        resolution = Resolution(
            project=project,
            item=item,
            label_set=project.label_set,
            labels=[label],
            source=Resolution.Source.CONSENSUS,
            confidence=1.0,
            created_at=timezone.now(),
        )
        resolutions.record(resolution)
