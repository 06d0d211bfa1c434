"""A version brings its own features: today's specification is not that of its file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from activelearn.core import artifact, training
from activelearn.core import features as core_features
from activelearn.core.joined import csr_of
from activelearn.models import FeatureShard, ModelVersion, TrainingRun
from activelearn.services.features import files, forgetting, payloads, store
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import loading, registry, requests
from labeling.errors import ConflictError
from labeling.models import Prediction, Project, QueueEntry
from tests import make
from tests.activelearn.test_loop import one_more_label, texts, work

pytestmark = pytest.mark.django_db

NARROW = {
    **core_features.TEXT_SPEC,
    "words": {"ngrams": [1, 1], "size": 2**10},
    "characters": {"ngrams": [3, 3], "size": 2**9},
}
WIDE = {**core_features.TEXT_SPEC, "words": {"ngrams": [1, 2], "size": 2**18}}


def with_champion_of(spec: dict[str, Any]) -> tuple[Project, training.LinearModel]:
    """A project whose champion was made when ``spec`` was the specification."""
    project = texts("assist")
    model = model_of(project, spec)
    data = artifact.dump(model, spec)
    ModelVersion.objects.filter(stage="champion").update(
        sha256=files.save("models", data), spec_hash=store.hash_of(spec)
    )
    return project, model


def model_of(project: Project, spec: dict[str, Any]) -> training.LinearModel:
    items = list(project.items.filter(state="settled", split="pool").order_by("pk"))
    told = [
        ("money",) if "refund" in item.data["text"] else ("post",) for item in items
    ]
    rows = core_features.text_rows([item.data["text"] for item in items], spec)
    return training.fit(rows, told, is_multi=False)


@pytest.mark.parametrize("spec", [NARROW, WIDE])
def test_c2_a_champion_scores_with_the_features_of_its_own_file(
    spec: dict[str, Any],
) -> None:
    project, model = with_champion_of(spec)
    champion = registry.champion(project)
    assert champion is not None

    requests.request_scores(champion)
    work(project)

    scored = Prediction.objects.filter(project=project).select_related("item")
    assert scored
    said = [prediction.item.data["text"] for prediction in scored]
    expected = model.probabilities(core_features.text_rows(said, spec))
    assert [prediction.label for prediction in scored] == [
        model.labels[place] for place in expected.argmax(axis=1)
    ]
    assert np.allclose(
        [prediction.confidence for prediction in scored], expected.max(axis=1)
    )
    answers = serving.predict(project, [serving.Question("", {"text": said[0]})])
    assert answers[0].probabilities == pytest.approx(
        dict(zip(model.labels, expected[0], strict=True))
    )


def test_c2_the_gate_compares_each_model_on_its_own_features() -> None:
    project, _ = with_champion_of(NARROW)

    one_more_label(project)
    triggers.request(project, None, "today's features")
    work(project)

    newest = ModelVersion.objects.latest("number")
    assert newest.spec_hash == store.hash_of(core_features.JOINED_TEXT_SPEC)
    # Both are right everywhere. On the other's features the champion would be wrong.
    assert (newest.evaluation.better, newest.evaluation.worse) == (0, 0)


def test_c2_two_specifications_live_beside_each_other_until_one_is_done_with() -> None:
    project, _ = with_champion_of(NARROW)
    champion = registry.champion(project)
    assert champion is not None
    requests.request_scores(champion)
    work(project)
    specs = {store.hash_of(NARROW), store.hash_of(core_features.JOINED_TEXT_SPEC)}

    forgetting.forget_all()
    kept = set(FeatureShard.objects.values_list("spec_hash", flat=True))
    one_more_label(project)
    triggers.request(project, None, "today's features")
    work(project)
    registry.promote(ModelVersion.objects.latest("number"), None)
    forgetting.forget_all()

    assert kept == specs
    left = set(FeatureShard.objects.values_list("spec_hash", flat=True))
    assert left == {store.hash_of(core_features.JOINED_TEXT_SPEC)}


@pytest.mark.parametrize(
    "spec", [core_features.TEXT_SPEC, core_features.ENCODED_TEXT_SPEC]
)
def test_what_another_version_reads_of_the_same_columns_is_not_kept_twice(
    spec: dict[str, Any],
) -> None:
    project = texts("assist")
    today = store.load(project)

    part = store.load_beside(today, project, spec)

    assert part.spec_hash == store.hash_of(spec)
    assert part.ids is today.ids
    own = store.load(project, spec)
    assert own.rows.shape == part.rows.shape
    assert (csr_of(own.rows[:]) != csr_of(part.rows[:])).nnz == 0
    kept = FeatureShard.objects.filter(spec_hash=store.hash_of(spec))
    kept.delete()
    store.load_beside(today, project, spec)
    assert not kept.exists()


def unknown_to_this_program(project: Project) -> ModelVersion:
    """Make the champion one of a later program."""
    later = {**core_features.TEXT_SPEC, "version": 99}
    model = model_of(project, core_features.TEXT_SPEC)
    data = artifact.dump(model, later)
    ModelVersion.objects.filter(stage="champion").update(
        sha256=files.save("models", data), spec_hash=store.hash_of(later)
    )
    return ModelVersion.objects.get(stage="champion")


def test_c2_features_that_cannot_be_computed_are_refused_in_words() -> None:
    project = texts("assist")
    champion = unknown_to_this_program(project)

    with pytest.raises(ConflictError, match=r"\(text 99\)"):
        serving.predict(project, [serving.Question("", {"text": "My parcel"})])
    with pytest.raises(ConflictError, match=r"\(text 99\)"):
        registry.promote(champion, None)
    ranking.rank(project)

    assert QueueEntry.objects.filter(project=project).exists()


def test_c2_what_cannot_be_computed_any_more_does_not_block_what_can() -> None:
    project = texts("assist")
    champion = unknown_to_this_program(project)

    one_more_label(project)
    run, _ = triggers.request(project, None, "today's features")
    work(project)

    run.refresh_from_db()
    assert TrainingRun.objects.get(pk=run.pk).verdict == "promote"
    serving_now = registry.champion(project)
    assert serving_now is not None
    assert serving_now != champion


def test_c2_a_file_of_other_features_than_the_version_names_is_refused() -> None:
    project = texts("assist")
    ModelVersion.objects.filter(stage="champion").update(
        spec_hash=store.hash_of(NARROW)
    )
    champion = registry.champion(project)
    assert champion is not None

    with pytest.raises(ConflictError, match="other features"):
        loading.load(champion)


def test_c2_a_model_that_is_wider_than_its_features_is_refused() -> None:
    project = texts("assist")
    model = model_of(project, core_features.TEXT_SPEC)
    ModelVersion.objects.filter(stage="champion").update(
        sha256=files.save("models", artifact.dump(model, NARROW)),
        spec_hash=store.hash_of(NARROW),
    )
    champion = registry.champion(project)
    assert champion is not None

    with pytest.raises(ConflictError, match="other features"):
        loading.load(champion)


@pytest.mark.parametrize(
    ("spec", "payload"),
    [
        (NARROW, {"text": "one"}),
        (core_features.table_spec([{"a": 1}, {"a": 2}], 2)[0], {"a": 2, "b": "y"}),
        (core_features.table_spec([], 0)[0], {}),
    ],
)
def test_a_specification_knows_its_width(
    spec: dict[str, Any], payload: dict[str, Any]
) -> None:
    project = make.project(data_type=spec["kind"])
    item = make.item(project, data=payload)

    assert payloads.rows_of([item], spec).shape == (1, core_features.width(spec))
