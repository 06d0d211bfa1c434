"""A setting is declared once, and is then everywhere that settings are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.validators import MaxValueValidator
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from activelearn.models import LearningPolicy
from labeling.errors import InvalidInputError
from labeling.models import Item, Project, User
from labeling.models.setting import PolicyPart, SettingGroup, setting, settings_of
from labeling.services.projects import policy
from tests import make
from tests.running.machine import ROOT
from tests.test_pages import browser
from tools import messages, settings_page

pytestmark = pytest.mark.django_db
# What the code of a room says where it asks the project for several settings at once.
TOGETHER = {
    **dict.fromkeys(
        ("first_votes_by", "further_votes_by", "evaluation_by"), "purposes_for"
    ),
    # With the dial, which may hide them all.
    "suggestion_mode": "shown_suggestions",
}


@pytest.fixture
def made_up() -> Iterator[type[PolicyPart]]:
    """A part of another application, with a table, as long as a test runs."""

    class MadeUpPolicy(PolicyPart):
        patience = setting(
            models.PositiveSmallIntegerField(
                "Patience of the made-up",
                default=7,
                validators=[MaxValueValidator(9)],
                help_text="Made up for a test.",
            ),
            SettingGroup(gettext_lazy("The made-up")),
            "learner",
        )

        class Meta:
            app_label = "activelearn"

    with connection.schema_editor() as editor:
        editor.create_model(MadeUpPolicy)
    policy.register(MadeUpPolicy)
    yield MadeUpPolicy
    policy.unregister(MadeUpPolicy)
    del apps.all_models["activelearn"]["madeuppolicy"]
    delattr(Project, "madeuppolicy")
    apps.clear_cache()


def caller_of(project: Project) -> make.Caller:
    return make.Caller(make.manager_of(project).user)


def test_a_declared_setting_is_in_answers_and_changes(
    made_up: type[PolicyPart],
) -> None:
    project = make.project(patience=8)
    call = caller_of(project)
    path = f"projects/{project.slug}/"

    assert call("get", path).json()["patience"] == 8
    assert call("patch", path, {"patience": 3}).json()["patience"] == 3
    refused = call("patch", path, {"patience": 10, "confidence": 2}).json()
    assert refused["errors"].keys() == {"patience", "confidence"}
    body = {"name": "n", "data_type": "text", "labels": [{"name": "a"}, {"name": "b"}]}
    User.objects.update(may_create_projects=True)
    assert call("post", "projects/", {**body, "patience": 9}).json()["patience"] == 9
    assert call("post", "projects/", body).json()["patience"] == 7


def test_a_declared_setting_is_on_the_page(made_up: type[PolicyPart]) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/settings/"
    values = policy.values_of(project).items()
    form = {name: value for name, value in values if value is not False}
    form["name"] = project.name

    shown = client.get(path).content.decode()
    assert "<legend>The made-up</legend>" in re.sub(r">\s+|\s+<", _bare, shown)
    assert re.search(
        r'<input type="number" name="patience" value="7"[^>]*max="9"', shown
    )
    assert "Made up for a test." in shown
    assert client.post(path, form | {"patience": "10"}).status_code == 400
    assert client.post(path, form | {"patience": "5"}).status_code == 302
    assert policy.values_of(Project.objects.get())["patience"] == 5


def _bare(edge: re.Match[str]) -> str:
    return edge.group().strip()


def test_a_declared_setting_is_in_the_schema_and_the_documents(
    made_up: type[PolicyPart], tmp_path: Path
) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", file=str(file), fail_on_warn=True)

    assert re.search(r"\bpatience:\n", file.read_text())
    assert "| `patience` | Patience of the made-up | whole, 0 to 9 | `7` |" in (
        settings_page.page()
    )


def test_every_setting_is_documented() -> None:
    assert settings_page.PAGE.read_text() == settings_page.page(), "run make settings"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_setting_has_its_words_in_every_language(language: str) -> None:
    written = messages.entries(messages.read(language, "django"))
    for declared in policy.settings().values():
        for words in (declared.words, declared.field.help_text, declared.group.heading):
            assert isinstance(words, Promise), declared.name
            with translation.override("en"):
                assert all(written["", str(words)]), declared.name


def test_a_setting_names_the_rooms_that_read_it() -> None:
    services = ROOT / "labeling" / "services"
    rooms = {path.name: [path] for path in services.iterdir()}
    del rooms["projects"]  # which keeps them all
    rooms["learner"] = [ROOT / "activelearn" / "services"]
    rooms["pages"] = [
        ROOT / folder
        for folder in ("labeling/views", "activelearn/views", "frontend/templates")
    ]
    code = {
        name: "\n".join(
            file.read_text()
            for path in paths
            for file in path.rglob("*")
            if file.suffix in (".py", ".sql", ".html")
        )
        for name, paths in rooms.items()
    }
    for name, declared in policy.settings().items():
        word = TOGETHER.get(name, name)
        assert declared.read_by, name
        for room in declared.read_by:
            assert re.search(rf"\b{word}\b", code[room]), (name, room)
        reading = rf"\b(?:project|policy)\.{word}\b"
        readers = {room for room, text in code.items() if re.search(reading, text)}
        assert readers <= set(declared.read_by), name


def test_no_two_parts_declare_the_same_setting() -> None:
    names = [declared.name for part in policy.parts() for declared in settings_of(part)]

    assert len(names) == len(set(names)) == 53


def test_wrong_values_of_all_parts_are_told_together_and_nothing_is_kept() -> None:
    project = make.project()

    with pytest.raises(InvalidInputError) as refused:
        policy.change(
            project, {"gold_rate": 2, "retrain_first": 1, "free_choice": True}
        )
    with pytest.raises(InvalidInputError):
        policy.change(project, {"free_choice": True, "min_votes": 2})
    with pytest.raises(InvalidInputError):
        policy.change(project, {"free_choice": True, "seed": 2})

    assert refused.value.by_field.keys() == {"gold_rate", "retrain_first"}
    project = Project.objects.get()
    assert (project.free_choice, project.learningpolicy.retrain_first) == (False, 20)


def test_two_changes_at_once_are_both_kept() -> None:
    make.project()
    first, second = Project.objects.get(), Project.objects.get()

    policy.change(first, {"gold_rate": 0.3})
    policy.change(second, {"repeat_rate": 0.1, "retrain_first": 50})
    policy.change(first, {"strategy": "entropy"})

    values = policy.values_of(Project.objects.get())
    assert (values["gold_rate"], values["repeat_rate"]) == (0.3, 0.1)
    assert (values["retrain_first"], values["strategy"]) == (50, "entropy")


def test_all_settings_are_read_with_the_project() -> None:
    project = make.project()
    call = caller_of(project)
    with CaptureQueriesContext(connection) as asked:
        assert call("get", f"projects/{project.slug}/").status_code == 200

    reading = [query["sql"] for query in asked if "learningpolicy" in query["sql"]]
    assert len(reading) == 1
    assert "labeling_guideline" in reading[0]


def test_lease_and_vote_do_not_read_the_learners_settings() -> None:
    project = make.project()
    make.items(project, 3)
    call = make.Caller(make.member(project).user)
    path = f"projects/{project.slug}"

    with CaptureQueriesContext(connection) as asked:
        lent = call("post", f"{path}/queue/lease/", {"count": 1}).json()["items"][0]
        vote: dict[str, Any] = {"assignment": lent["assignment"], "labels": ["x"]}
        vote["client_id"] = "7d3f8f4e-0000-4000-8000-000000000000"
        assert call("post", f"{path}/annotations/", vote).status_code == 201

    assert not [query["sql"] for query in asked if "learningpolicy" in query["sql"]]
    assert len(asked) > 2


@pytest.mark.soak  # migrates back and forth: twenty seconds
@pytest.mark.django_db(transaction=True)
def test_the_learners_settings_move_to_its_table_and_back() -> None:
    before = [
        ("labeling", "0019_job_series"),
        ("activelearn", "0004_label_count"),
    ]
    project = make.project(strategy="entropy", retrain_growth=0.5, batch="ranked")
    moved = [
        ("labeling", "0020_learner_has_its_settings"),
        ("activelearn", "0005_learning_policy"),
    ]
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        # Later migrations touch other tables, and some have no way back.
        MigrationExecutor(connection).migrate(moved, fake=True)
        MigrationExecutor(connection).migrate(before)
        with connection.cursor() as cursor:
            cursor.execute("SELECT strategy, retrain_growth FROM labeling_project")
            moved_back = cursor.fetchone()
            cursor.execute("UPDATE labeling_project SET exploration_rate = 0.7")
    finally:
        MigrationExecutor(connection).migrate(moved)
        # The settings that the table has got since.
        for before_it, it in (
            ("0012_report", "0013_aim"),
            ("0016_left_out", "0017_weights"),
            ("0017_weights", "0018_gate_setting"),
            ("0020_unread", "0021_duel_setting"),
            ("0030_damaged", "0031_external"),
            ("0035_strategies", "0036_fall_back"),
            ("0037_meter_look", "0038_hourly_rate"),
            ("0040_added_encoder", "0041_likely_labels"),
            ("0043_address_of_vectors", "0044_automation_settings"),
            ("0050_outliers", "0051_release"),
            ("0053_causes", "0054_when_to_retrain"),
            ("0054_when_to_retrain", "0055_window"),
        ):
            MigrationExecutor(connection).migrate(
                [("activelearn", before_it)], fake=True
            )
            MigrationExecutor(connection).migrate([("activelearn", it)])
        MigrationExecutor(connection).migrate(newest, fake=True)

    assert moved_back == ("entropy", 0.5)
    row = LearningPolicy.of(project.pk)
    assert (row.strategy, row.batch, row.exploration_rate) == ("entropy", "ranked", 0.7)


@pytest.mark.django_db(transaction=True)
def test_another_number_of_votes_is_asked_of_items_in_the_order_of_their_ids() -> None:
    project = make.project(overlap=3, min_votes=1)
    first, second = make.items(project, 2)
    # So the second one comes first in the table.
    Item.objects.filter(pk=first.pk).update(tags=["moved"])

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Item.objects.select_for_update(no_key=True).get(pk=first.pk)
            asking = other.submit(
                make.threaded(policy.change), project, {"min_votes": 2}
            )
            make.await_waiting()
            Item.objects.select_for_update(nowait=True).get(pk=second.pk)
        asking.result()

    wanted = Item.objects.order_by("pk").values_list("votes_wanted", "is_unsettled")
    assert list(wanted) == [(2, True), (2, True)]
