"""C10: what the model says of items that it has learned from, as one more voter."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from activelearn.services.features import files, store
from activelearn.services.labels import crossfits, snapshots
from activelearn.services.training import triggers
from activelearn.services.versions import loading, registry, requests
from labeling.models import Annotation, Prediction
from labeling.services.votes import skills
from tests.activelearn.test_loop import answer, wine, work

pytestmark = pytest.mark.django_db


def test_c10_on_its_own_labels_a_model_votes_by_models_of_the_others() -> None:
    project, truth = wine(retrain_first=20, model_votes=True)
    answer(project, truth, 110)
    triggers.consider(project.pk)
    work(project)
    champion = registry.champion(project)
    assert champion is not None
    crossed = crossfits.read(champion)
    assert crossed is not None
    learned = list(snapshots.read(champion.snapshot))
    assert crossed.ids.tolist() == learned
    model, _ = loading.load(champion)
    table = model.of_scores(crossed.scores)
    own = model.probabilities(store.load(project).rows_of(learned))
    # The models of the others are less sure of these items, as they ought to be.
    assert np.abs(table - own).max() > 0.05

    opinions = {row.item_id: row for row in skills.second_opinions(project)}

    assert set(learned) <= set(opinions)
    assert [opinions[pk].confidence for pk in learned] == pytest.approx(
        table.max(axis=1)
    )
    assert [opinions[pk].label for pk in learned] == [
        model.labels[place] for place in table.argmax(axis=1)
    ]
    held_out = Prediction.objects.filter(item__split="evaluation")
    assert not held_out.exists()

    # A lost file is made again.
    path = files.path_of("crossfits", champion.crossfit)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    requests.request_scores(champion)
    work(project)

    assert path.read_bytes() == whole
    again = {row.item_id: row for row in skills.second_opinions(project)}
    assert [again[pk].confidence for pk in learned] == [
        opinions[pk].confidence for pk in learned
    ]

    # Where it cannot be, that costs the model its say on them, and nothing else.
    path.unlink()
    files.path_of("snapshots", champion.snapshot.sha256).unlink()
    Annotation.votes.filter(item=learned[0]).update(undone_at=timezone.now())
    Annotation.votes.filter(item=learned[0]).update(created_at=timezone.now())
    requests.request_scores(champion)
    work(project)

    told = Prediction.objects.filter(was_trained_on=True)
    assert set(told.values_list("item", flat=True)) == set(learned)
