"""The jobs of the learner: who runs each, what people call it, how long it rests."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as noop

from activelearn.services.automation import accepting
from activelearn.services.judging import (
    duel_course,
    duel_draw,
    duel_verdict,
    forecasts,
    meter,
)
from activelearn.services.online import looks
from activelearn.services.ordering import ranking, searching
from activelearn.services.predictions import batches, scoring
from activelearn.services.training import (
    back_tests,
    choosing,
    encoding,
    retrain,
    triggers,
)
from activelearn.services.watching import watch
from labeling.services.work.kinds import Kind

QUEUE: Final = "training"
KINDS: Final = (
    Kind("learn.rank", ranking.run, title=noop("queue order"), queue=QUEUE, rest=3),
    Kind(
        "learn.score",
        scoring.run,
        title=noop("scores of the pool"),
        queue=QUEUE,
        counts={"items": noop("Items scored")},
    ),
    Kind(
        batches.KIND,
        batches.run,
        title=noop("predictions of a file"),
        queue=QUEUE,
        repeat=batches.again,
        counts={
            "rows": noop("Rows"),
            "refused": noop("Rows refused"),
            "unsure": noop("Rows that the model is not sure of"),
        },
    ),
    Kind(
        "learn.score_beside",
        scoring.run_beside,
        title=noop("scores of the pool, by another process"),
        queue=QUEUE,
        counts={"items": noop("Items scored")},
    ),
    Kind(
        "learn.accept",
        accepting.run,
        title=noop("acceptance of sure predictions"),
        queue=QUEUE,
        rest=3,
        counts={"items": noop("Items accepted")},
    ),
    Kind(
        "learn.train",
        retrain.run,
        title=noop("training"),
        queue=QUEUE,
        rest=9,
        repeat=triggers.again,
        wait_reason="training",
    ),
    Kind(
        "learn.choose",
        choosing.run,
        title=noop("comparison of representations"),
        queue=QUEUE,
        rest=9,
        counts={"items": noop("Labels compared on")},
    ),
    Kind(
        "learn.encode",
        encoding.run,
        title=noop("encoding of items"),
        queue=QUEUE,
        counts={"items": noop("Items encoded")},
        is_patient=True,
    ),
    Kind(
        "learn.meter",
        meter.run,
        title=noop("measurement of what the model's choice saves"),
        queue=QUEUE,
        rest=9,
        counts={
            "labels": noop("Labels of each arm"),
            "held_out": noop("Held-out items compared on"),
        },
    ),
    Kind(
        "learn.forecast",
        forecasts.run,
        title=noop("forecast of the learning curve"),
        queue=QUEUE,
        rest=9,
        counts={
            "labels": noop("Labels of the curve"),
            "held_out": noop("Held-out items compared on"),
        },
    ),
    Kind(
        "learn.windows",
        back_tests.run,
        title=noop("back-test of training windows"),
        queue=QUEUE,
        counts={
            "labels": noop("Labels of the pool"),
            "held_out": noop("Held-out items compared on"),
        },
    ),
    Kind(
        "learn.search",
        searching.run,
        title=noop("search for items of a label"),
        queue=QUEUE,
        counts={"items": noop("Items that come next")},
    ),
    Kind(
        "learn.judge",
        retrain.judge_again,
        title=noop("another judgment"),
        queue=QUEUE,
        repeat=triggers.judge_again,
    ),
    Kind(
        "learn.draw",
        duel_draw.draw,
        title=noop("items of a duel"),
        queue=QUEUE,
        counts={
            "differing": noop("Items on which the versions differ"),
            "asked": noop("Items that people are asked about"),
        },
    ),
    Kind(
        "learn.duel",
        duel_verdict.judge,
        title=noop("judgment of a duel"),
        queue=QUEUE,
        repeat=duel_course.again,
    ),
    Kind(
        "learn.watch",
        watch.run,
        title=noop("look at what goes in and out of the model"),
        queue=QUEUE,
        rest=9,
        counts={
            "items": noop("Items looked at"),
            "windows": noop("Windows judged"),
        },
    ),
    Kind(
        "learn.online",
        looks.look,
        title=noop("look at an online test"),
        queue=QUEUE,
        counts={"items": noop("Settled items compared on")},
    ),
)
