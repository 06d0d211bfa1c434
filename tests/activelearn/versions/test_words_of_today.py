"""After labels are renamed, merged or split, older models answer in today's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from activelearn.models import ModelVersion, ScoringRun
from activelearn.services.ordering import ranking
from activelearn.services.predictions import serving
from activelearn.services.training import triggers
from activelearn.services.versions import comparing, registry
from labeling.models import Assignment, Prediction, Project, QueueEntry
from labeling.services.projects import label_sets
from tests import make
from tests.activelearn.test_loop import answer, texts, wine, work

pytestmark = pytest.mark.django_db

RENAMED = {"money": "cash", "post": "mail"}


def revise(project: Project, names: Sequence[str], moves: Mapping[str, str]) -> None:
    drafts = [label_sets.LabelDraft(name) for name in names]
    label_sets.revise(project, make.manager_of(project).user, drafts, moves)
    project.refresh_from_db()


def asked(project: Project, text: str = "My refund of day 3") -> dict[str, float]:
    [told] = serving.predict(project, [serving.Question("", {"text": text})])
    assert told.label in told.probabilities
    return told.probabilities


def suggested(project: Project) -> set[str]:
    entries = QueueEntry.objects.filter(project=project).exclude(suggestion=None)
    return {dict(entry.suggestion or {})["label"] for entry in entries}


def test_c3_nothing_is_promoted_for_a_rename() -> None:
    project = texts("assist")
    champion = registry.champion(project)
    assert champion is not None
    revise(project, ["cash", "mail"], RENAMED)

    triggers.request(project, None, "after the rename")
    work(project)

    newest = ModelVersion.objects.latest("number")
    assert newest != champion
    assert (newest.evaluation.better, newest.evaluation.worse) == (0, 0)
    assert registry.champion(project) == champion
    # Both are compared on all items, though each was judged in the words of its time.
    both = comparing.compare(project, newest.number, champion.number)
    assert (both.shared, both.differences) == (newest.evaluation.items, [])
    assert both.now.label_set_id == project.label_set_id != both.before.label_set_id


def test_c3_a_champion_answers_in_the_new_words_everywhere() -> None:
    project = texts("assist")
    before = asked(project)
    was_suggested = suggested(project)
    who = make.member(project)
    make.lease(who, 20)
    lent = Assignment.objects.filter(annotator=who.user).exclude(suggestion=None)
    assert lent

    revise(project, ["cash", "mail"], RENAMED)

    after = asked(project)
    assert after == {RENAMED[label]: p for label, p in before.items()}
    assert suggested(project) == {RENAMED[label] for label in was_suggested}
    assert {dict(assignment.suggestion or {})["label"] for assignment in lent.all()} <= {
        "cash", "mail",
    }  # fmt: skip
    said = Prediction.objects.filter(project=project).values_list("label", flat=True)
    assert set(said) == {"cash", "mail"}


def test_c3_new_labels_bring_new_scores_by_themselves_and_once() -> None:
    project = texts("assist")
    triggers.consider_all()
    work(project)
    passes = ScoringRun.objects.count()
    revise(project, ["cash", "mail"], RENAMED)

    for _ in range(2):
        triggers.consider_all()
        work(project)

    assert ScoringRun.objects.count() == passes + 1
    assert ScoringRun.objects.latest("pk").label_set_id == project.label_set_id
    entries = QueueEntry.objects.filter(project=project).exclude(suggestion=None)
    words = {
        (
            dict(entry.suggestion or {})["label"],
            dict(entry.suggestion or {})["words"][0],
        )
        for entry in entries
        if "words" in dict(entry.suggestion or {})
    }
    assert words <= {("cash", "refund"), ("mail", "parcel")}
    assert words


def test_c3_a_name_that_comes_back_is_the_old_one() -> None:
    project = texts("assist")
    before = asked(project)

    revise(project, ["cash", "mail"], RENAMED)
    revise(project, ["money", "post"], {"cash": "money", "mail": "post"})

    assert asked(project) == before


def test_c3_names_that_were_swapped_are_swapped() -> None:
    project = texts("assist")
    before = asked(project)

    revise(project, ["money", "post"], {"money": "post", "post": "money"})

    assert asked(project) == pytest.approx(
        {"post": before["money"], "money": before["post"]}
    )


def test_c3_a_split_label_is_what_the_change_names() -> None:
    project = texts("assist")
    before = asked(project)

    revise(project, ["card", "cash", "post"], {"money": "card"})

    assert asked(project) == {"card": before["money"], "post": before["post"]}


def test_c3_probabilities_of_merged_labels_add_up() -> None:
    project, truth = wine()
    ranking.rank(project)
    answer(project, truth, 110)
    triggers.request(project, None, "three labels")
    work(project)
    registry.promote(ModelVersion.objects.get(), None)
    data = project.items.latest("pk").data
    [before] = serving.predict(project, [serving.Question("", data)])

    revise(project, ["c0", "rest"], {"c1": "rest", "c2": "rest"})

    [after] = serving.predict(project, [serving.Question("", data)])
    both = before.probabilities["c1"] + before.probabilities["c2"]
    assert after.probabilities == pytest.approx(
        {"c0": before.probabilities["c0"], "rest": both}
    )
    triggers.request(project, None, "after the merge")
    work(project)
    assert ModelVersion.objects.latest("number").evaluation.worse == 0
