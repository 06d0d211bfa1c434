"""The champion answers other programs: rows, pictures, and items that are here already."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from activelearn.models import ModelVersion
from activelearn.services.features import files
from activelearn.services.predictions import serving, traffic
from activelearn.services.training import triggers
from activelearn.services.versions import registry
from labeling.models import Item, Project
from labeling.services.transfer import pictures
from labeling.services.votes import gold
from tests import make
from tests.activelearn.features.test_encoding import chosen, labeled, shade
from tests.activelearn.features.test_unread import picture
from tests.activelearn.test_loop import answer as label
from tests.activelearn.test_loop import wine, work

pytestmark = pytest.mark.django_db


def served(project: Project) -> Project:
    """Have a model of what is labeled serve."""
    triggers.request(project, None, "by hand")
    work(project)
    if registry.champion(project) is None:
        registry.promote(ModelVersion.objects.get(project=project), None)
    Project.objects.filter(pk=project.pk).update(confidence=1.0)
    project.refresh_from_db()
    return project


def shades() -> Project:
    """A project of 40 bright and dark pictures, read by their own features."""
    project = labeled(40)
    chosen(project, "own")
    return served(project)


def wines() -> Project:
    project, truth = wine()
    label(project, truth, 60)
    return served(project)


def text_of(number: int) -> str:
    return base64.b64encode(shade(number)).decode()


def ask(project: Project, *items: object, **more: object) -> Any:
    call = make.Caller(make.member(project, "engineer").user)
    body = {"items": items, **more}
    return call("post", f"projects/{project.slug}/predict/", body)


def test_a_picture_is_predicted_and_joins_the_pool_where_the_model_is_not_sure() -> (
    None
):
    project = shades()
    before = Item.objects.count()

    answer = ask(
        project,
        {"id": "bright", "image": text_of(1001), "data": {"camera": "north"}},
        {"id": "dark", "image": text_of(1002)},
    )

    assert answer.status_code == 200, answer.content
    said = answer.json()["predictions"]
    assert [(each["id"], each["label"]) for each in said] == [
        ("bright", "x"),
        ("dark", "y"),
    ]
    assert {each["decision"] for each in said} == {"review"}
    assert Item.objects.count() == before + 2
    joined = Item.objects.select_related("media").get(external_id="bright")
    assert (joined.split, joined.state, joined.data["camera"]) == (
        "pool",
        "open",
        "north",
    )
    assert joined.media is not None
    kept = Image.open(io.BytesIO(pictures.read(joined.media)[0]))
    assert kept.tobytes() == Image.open(io.BytesIO(shade(1001))).tobytes()


def test_a_picture_that_is_sent_twice_is_one_item() -> None:
    project = shades()
    before = Item.objects.count()

    for name in ("first", "second"):
        assert ask(project, {"id": name, "image": text_of(7001)}).status_code == 200

    assert Item.objects.count() == before + 1


def test_a_picture_that_the_project_has_is_predicted_by_its_id() -> None:
    project = shades()
    own = picture(project, "own.png", shade(5001))
    before = Item.objects.count()

    answer = ask(project, {"item": own.pk})

    assert answer.json()["predictions"][0]["label"] == "x"
    assert answer.json()["predictions"][0]["id"] == 0
    assert Item.objects.count() == before


def test_rows_that_the_project_has_are_predicted_by_their_ids_beside_others() -> None:
    project = wines()
    own = Item.objects.filter(project=project).pool()[0]
    before = Item.objects.count()

    beside, mine = ask(project, {"data": own.data}, {"item": own.pk}).json()[
        "predictions"
    ]

    assert beside["probabilities"] == mine["probabilities"]
    # What came from outside has joined, and what was here has not come twice.
    assert Item.objects.count() == before + 1


def test_no_model_says_anything_of_held_out_items_or_of_other_projects() -> None:
    project = wines()
    held_out = Item.objects.filter(project=project, split="evaluation")[0]
    other = make.item(make.project())

    for item in (held_out.pk, other.pk, 10**9):
        answer = ask(project, {"item": item})
        assert answer.status_code == 400
        assert answer.json()["errors"]["items"] == [
            f"There is no item {item} in the pool of this project."
        ]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"image": "no base64!"}, "The image is not base64."),
        ({"image": base64.b64encode(b"no picture").decode()}, "Not an image"),
        ({"data": {"camera": "north"}}, "There is no image."),
        ({}, "Give data, an image, or the id of an item in item."),
        ({"item": 1, "image": ""}, "Give data, an image, or the id"),
        ({"item": 0}, "An id."),
        ({"image": "A" * 200_000}, "Not an image"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    item: dict[str, Any], why: str
) -> None:
    project = shades()
    before = Item.objects.count()

    answer = ask(project, {"image": text_of(1)}, item)

    assert answer.status_code == 400
    assert why in str(answer.json()["errors"]["items"])
    assert Item.objects.count() == before


def test_a_project_of_rows_takes_no_pictures() -> None:
    answer = ask(wines(), {"image": text_of(1)})

    assert answer.status_code == 400
    assert answer.json()["errors"]["items"] == ["This project has no pictures."]


def test_a_thousand_rows_at_once_and_no_more() -> None:
    project = wines()
    row = {"data": {"alcohol": 12.9}}

    assert len(ask(project, *[row] * 1000).json()["predictions"]) == 1000
    assert ask(project, *[row] * 1001).status_code == 400


def test_a_hundred_pictures_at_once_and_no_more() -> None:
    project = shades()
    own = Item.objects.filter(project=project)[0]

    answer = ask(project, *[{"item": own.pk}] * 101)

    assert answer.status_code == 400
    assert answer.json()["errors"]["items"] == ["From 1 to 100 items."]


def test_a_model_is_read_once_and_what_is_promoted_serves_at_once() -> None:
    project = wines()
    row = {"data": {"alcohol": 12.9}}
    first = ask(project, row).json()["predictions"][0]
    champion = registry.champion(project)
    assert champion is not None
    # In memory it is what was verified, whatever happens to the file.
    path = files.path_of("models", champion.sha256)
    aside = path.rename(path.with_suffix(".aside"))

    assert ask(project, row).json()["predictions"][0] == first

    aside.rename(path)
    label(project, dict.fromkeys(project.items.values_list("pk", flat=True), "c1"), 20)
    triggers.request(project, None, "again")
    work(project)
    newest = ModelVersion.objects.filter(project=project).latest("number")
    if newest.stage != ModelVersion.Stage.CHAMPION:
        registry.promote(newest, None)
    assert ask(project, row).json()["predictions"][0]["model"] == newest.number == 2


def test_who_asks_again_waits_for_no_turn(
    django_assert_num_queries: DjangoAssertNumQueries, settings: LazySettings
) -> None:
    # As in a process that serves, which counts for some seconds before it writes.
    settings.WATCH_SECONDS = 3600.0
    project = wines()
    asked = [serving.Question(data={"alcohol": 12.9, "hue": 1.0})] * 2
    serving.predict(project, asked)
    before = Item.objects.count()

    # The champion, four that tell what its labels are called today, what is here already,
    # the online test, the dial of labels, the reviews, and what the watch counts no item as drawn by.
    with django_assert_num_queries(10) as seen:
        serving.predict(project, asked)
    traffic.flush()

    assert not any("advisory" in query["sql"] for query in seen.captured_queries)
    assert Item.objects.count() == before


def test_who_asks_why_is_told_the_columns_and_others_are_not() -> None:
    project = wines()
    own = Item.objects.filter(project=project).pool()[0]

    plain = ask(project, {"item": own.pk}).json()["predictions"][0]
    told = ask(project, {"item": own.pk}, {"data": own.data}, explain=True)

    assert "explanation" not in plain
    first, second = told.json()["predictions"]
    assert first["explanation"] == second["explanation"]
    assert 0 < len(first["explanation"]) <= 6
    assert {*first["explanation"]} <= {*own.data}
    assert ask(project, *[{"item": own.pk}] * 101, explain=True).status_code == 400


def test_who_asks_why_is_told_the_words() -> None:
    project = make.project(labels=("sky", "sea"))
    for number in range(40):
        word, name = (("clouds", "sky"), ("waves", "sea"))[number % 2]
        item = make.item(project, data={"text": f"many {word} number {number}"})
        gold.record(project, [(item, [name])])
    asked = {"data": {"text": "so many waves today"}}

    told = ask(served(project), asked, explain=True).json()["predictions"][0]

    assert told["label"] == "sea"
    assert told["explanation"][0] == "waves"


def test_of_a_picture_nothing_is_said() -> None:
    told = ask(shades(), {"image": text_of(1001)}, explain=True)

    assert told.json()["predictions"][0]["explanation"] == []


def flat(side: int) -> str:
    """Return a picture of one color, whose file is small however large it is."""
    body = io.BytesIO()
    Image.new("1", (side, side)).save(body, "PNG")
    return base64.b64encode(body.getvalue()).decode()


def test_small_files_of_large_pictures_are_refused_before_they_are_decoded() -> None:
    project = shades()

    answer = ask(project, *[{"image": flat(3000)}] * 6)

    assert answer.status_code == 400
    assert "at most 50 million pixels in all" in str(answer.json()["errors"]["items"])


def test_an_item_is_called_as_the_caller_calls_it_also_nought() -> None:
    project = wines()

    ask(project, {"id": 0, "data": {"alcohol": 12.9, "hue": 1.0}})

    assert Item.objects.filter(project=project, external_id="0").exists()
