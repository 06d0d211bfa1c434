"""A version's card draws where it comes from, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activelearn.models import ModelVersion, Promotion, Snapshot
from activelearn.services.judging import verdicts
from activelearn.services.versions import cards, history, origins, registry
from activelearn.views.page import flow
from activelearn.views.page.flow import Flow, FlowBox, FlowStep
from activelearn.views.versions.lineage import lineage_of
from labeling.models import Project
from tests import make
from tests.activelearn.test_loop import versions

pytestmark = pytest.mark.django_db


def said_of(project: Project, number: int) -> list[str]:
    return [
        step.sentence
        for step in lineage_of(cards.card_of(project, number).origin).steps
    ]


def test_the_way_goes_from_the_labels_to_the_version_that_took_over() -> None:
    project, (first, second) = versions(2)
    registry.promote(second, make.manager_of(project).user, "It knows the new ones.")

    told = "\n".join(said_of(project, 1))
    then = "\n".join(said_of(project, 2))

    votes = first.snapshot.items
    parts = [
        f"Consensus: {votes} labels, {votes} votes",
        rf"Snapshot \w{{8}}: {votes} labels",
        rf"Run #{first.run_id}: again",
        "Version 1: served until another took over",
        r"Held-out items: \d+ items with a label",
        rf"The gate of run #{first.run_id}: fixes \d+ and breaks \d+ of \d+ items\. On \d+",
        rf"Promoted: gate of run #{first.run_id}, .* promoted by",
        "Version 2: took over",
    ]
    assert re.search(".*\n".join(parts), told)
    assert "served then" not in told
    # The newcomer's label was imported.
    assert re.search("Consensus: .*\nGold: 1 label\nSnapshot", then)
    assert "Version 1: served then" in then
    assert "Version 2: serves" in then
    assert "in place of version 1. It knows the new ones." in then
    assert "took over" not in then


def test_each_box_of_the_card_is_a_link_that_is_there(client: Client) -> None:
    project, _ = versions(1)
    client.force_login(make.manager_of(project).user)

    page = client.get(f"/projects/{project.slug}/models/1/card/").content.decode()

    links = re.findall(r'<a\s+class="step [a-z]+"\s+href="([^"]+)"', page)
    # The picture for a wide window and the one for a phone.
    assert len(links) == 2 * len(said_of(project, 1))
    for link in set(links):
        assert client.get(link.replace("&amp;", "&")).status_code == 200
    assert page.count('aria-current="page"') >= 2
    assert "style=" not in page


@pytest.mark.parametrize(
    ("stage", "facts", "fate"),
    [
        ("champion", {}, "serves"),
        ("challenger", {}, "judged"),
        ("rejected", {}, "refused"),
        ("waiting", {"waits_for": 40}, "waits for labels"),
        ("waiting", {}, "waits for a person"),
        ("archived", {}, "served"),
        ("archived", {"archived_at": timezone.now()}, "archived"),
    ],
)
def test_what_has_become_of_a_version_is_named(
    stage: str, facts: dict[str, object], fate: str
) -> None:
    version = ModelVersion(stage=stage, **facts)

    assert origins.fate_of(version, [], is_judged=True) == fate
    if stage == "challenger":
        assert origins.fate_of(version, [], is_judged=False) == "not judged"


def test_a_version_that_was_rolled_back_has_no_successor() -> None:
    project, (first, second) = versions(2)
    registry.promote(second, None)
    registry.rollback(second, make.manager_of(project).user, "Too many false ones.")
    back = ModelVersion.objects.get(pk=second.pk)

    told = "\n".join(said_of(project, 2))

    assert origins.fate_of(back, history.acts_of(back)[::-1], is_judged=True) == (
        "rolled back"
    )
    assert "version 1 serves again. Too many false ones." in told
    assert "took over" not in told
    # What serves again served before: the other one took over from it, and only once.
    assert said_of(project, 1).count("Version 2: took over") == 1
    registry.promote(second, None)
    assert said_of(project, 1).count("Version 2: took over") == 1
    assert first.number == 1


@pytest.mark.parametrize(
    ("stage", "waits_for", "words"),
    [
        ("waiting", 40, "Waits: for about 40 held-out labels"),
        ("waiting", None, "Waits: for a person"),
        ("rejected", None, "Refused: gate of run #"),
    ],
)
def test_what_was_not_promoted_says_what_it_waits_for(
    client: Client, stage: str, waits_for: int | None, words: str
) -> None:
    project, (version,) = versions(1)
    Promotion.objects.all().delete()
    ModelVersion.objects.update(stage=stage, waits_for=waits_for)

    assert words in said_of(project, 1)[-1]
    step = lineage_of(cards.card_of(project, version.number).origin).steps[-1]
    client.force_login(make.manager_of(project).user)
    assert client.get(step.href).status_code == 200


def test_what_is_not_known_is_said(client: Client) -> None:
    project, (version,) = versions(1)
    Promotion.objects.all().delete()
    version.evaluation.delete()
    ModelVersion.objects.update(stage="challenger")
    version.run.conclude("", verdicts.MAJORITY)
    Snapshot.objects.update(sha256="f" * 64)

    told = said_of(project, 1)

    assert told[0] == "Labels: the file that says so is gone"
    assert "Version 1: is not judged yet" in told
    assert told[-1].startswith("The gate: has not judged it yet")
    client.force_login(make.manager_of(project).user)
    page = client.get(f"/projects/{project.slug}/models/1/card/")
    assert page.status_code == 200


def test_a_long_life_takes_no_more_queries(client: Client) -> None:
    project, (first, second) = versions(2)
    client.force_login(make.manager_of(project).user)
    address = f"/projects/{project.slug}/models/1/card/"

    def counted() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counting:
            assert client.get(address).status_code == 200
        return len(counting)

    registry.promote(second, None)
    registry.promote(first, None)
    few = counted()
    for _ in range(4):
        registry.promote(second, None)
        registry.promote(first, None)

    assert counted() == few
    assert few <= 25
    assert sum("Promoted" in step for step in said_of(project, 1)) == 3


def a_step(title: str, fact: str) -> FlowStep:
    return FlowStep(title, fact, title, "/")


def apart(drawn: Flow) -> bool:
    def is_apart(box: FlowBox, other: FlowBox) -> bool:
        return (
            box.x + box.width <= other.x
            or other.x + other.width <= box.x
            or box.y + box.height <= other.y
            or other.y + other.height <= box.y
        )

    return all(is_apart(*pair) for pair in combinations(drawn.boxes, 2))


@pytest.mark.parametrize("draw", [flow.across, flow.down])
def test_boxes_stand_apart_within_the_picture(
    draw: Callable[[list[list[FlowStep]]], Flow],
) -> None:
    sizes = (3, 1, 1, 4, 1, 2, 1)
    layers = [[a_step("Title", "word " * n)] * n for n in sizes]

    drawn = draw(layers)

    assert len(drawn.boxes) == sum(sizes)
    assert apart(drawn)
    for box in drawn.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawn.width + 0.01
        assert box.y + box.height <= drawn.height + 0.01
        assert all(box.y < y < box.y + box.height for y, _ in box.lines)


def test_an_arrow_leads_from_each_box_to_the_next_but_where_nothing_follows() -> None:
    first = FlowStep("a", "", "", "/", is_last=True)
    second, third = a_step("b", ""), FlowStep("d", "", "", "/", is_first=True)

    drawn = flow.across([[first, second], [a_step("c", ""), third]])

    assert len(drawn.edges) == len(drawn.heads) == 1


def test_words_stay_in_their_box() -> None:
    assert flow.wrapped("one two three", 80, 3) == ["one two", "three"]
    assert flow.wrapped("", 80, 3) == []
    assert flow.wrapped("one two three four five", 70, 2) == ["one two", "three …"]
    (long,) = flow.wrapped("x" * 200, 80, 1)
    assert long.endswith("x…")
    assert len(long) < 13
    moment = flow.unbroken("30 Nov 2026, 16:57")
    assert flow.wrapped(f"by somebody, {moment}", 135, 3) == [
        "by somebody,",
        "30 Nov 2026, 16:57",
    ]
    # A Chinese sign takes two places.
    assert len(flow.wrapped("标" * 50, 80, 1)[0]) < 7
