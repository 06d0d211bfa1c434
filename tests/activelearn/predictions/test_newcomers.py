"""Items that come while a model serves are scored at once, and the others not again."""

from __future__ import annotations

import pytest

from activelearn.models import LearningPolicy, ModelVersion, ScoringRun
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import registry, requests
from labeling.models import Item, Job, Prediction, Project, QueueEntry
from labeling.services.work.progress import JobLostError
from tests import make
from tests.activelearn.test_loop import answer, texts, work
from tests.activelearn.training.test_taken_over import taken_over
from tests.doubles import interrupted

pytestmark = pytest.mark.django_db


def come(project: Project, split: str = "pool") -> Item:
    return make.item(project, data={"text": "A refund please"}, split=split)


def test_c15_an_item_that_comes_after_a_promotion_is_scored_with_the_next_order() -> (
    None
):
    project = texts("assist")
    passes = ScoringRun.objects.count()
    before = dict(Prediction.objects.values_list("item", "pk"))
    new, held_out = come(project), come(project, "evaluation")
    LearningPolicy.objects.filter(project=project).update(exploration_rate=0)

    ranking.rank(project)

    prediction = Prediction.objects.get(item=new)
    champion = registry.champion(project)
    assert champion is not None
    assert (prediction.label, prediction.model_number) == ("money", champion.number)
    assert not prediction.was_trained_on
    assert not Prediction.objects.filter(item=held_out).exists()
    entry = QueueEntry.objects.get(item=new)
    assert dict(entry.suggestion or {})["label"] == "money"
    # Nothing else is scored anew.
    assert ScoringRun.objects.count() == passes
    after = dict(Prediction.objects.exclude(item=new).values_list("item", "pk"))
    assert after == before


def test_c15_an_item_from_a_program_is_scored_too() -> None:
    project = texts("assist")
    Project.objects.update(confidence=1.0)
    project.refresh_from_db()
    # Of both labels: so little can be sure of it that it is to be reviewed.
    unsure = {"text": "A refund, a parcel"}
    serving.predict(project, [serving.Question("new-1", unsure)])

    ranking.rank(project)

    new = Item.objects.get(external_id="new-1")
    assert Prediction.objects.get(item=new).model_number == 1


def test_c15_a_pass_that_is_to_come_scores_new_items_alone() -> None:
    project = texts("assist")
    first = registry.champion(project)
    ranking.rank(project)
    items = Item.objects.filter(project=project).values_list("pk", "data__text")
    words = {"refund": "money", "parcel": "post"}
    answer(project, {pk: words[text.split()[1]] for pk, text in items}, 20)
    triggers.request(project, None, "again")
    work(project)
    second = ModelVersion.objects.latest("number")
    assert second != first
    registry.promote(second, None)
    new = come(project)

    ranking.rank(project)

    assert not Prediction.objects.filter(item=new).exists()
    work(project)
    assert Prediction.objects.get(item=new).model_number == second.number


def test_c15_a_worker_that_lost_its_job_publishes_nothing() -> None:
    project = texts("assist")
    new = come(project)
    requests.request_order(project.pk)
    job = Job.objects.get(kind="learn.rank", state="queued")
    progress = interrupted(job, after="features", then=lambda: taken_over(job))

    with pytest.raises(JobLostError):
        ranking.run(progress)

    assert not Prediction.objects.filter(item=new).exists()
