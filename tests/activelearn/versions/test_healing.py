"""A model's file that is damaged or gone (attacks-2, 11; S32, F12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from sklearn.datasets import load_wine

from activelearn.models import ModelVersion
from activelearn.services.features import files
from activelearn.services.predictions import serving
from activelearn.services.versions import healing, registry
from activelearn.tasks import mend
from labeling.errors import DamagedFileError
from labeling.models import Job, Project
from tests import make
from tests.activelearn.test_loop import versions
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def file_of(version: ModelVersion) -> Path:
    return files.path_of("models", version.sha256)


DAMAGES: Final[list[Callable[[Path], None]]] = [flip, Path.unlink]
damages = pytest.mark.parametrize("damage", DAMAGES, ids=["flipped", "gone"])


def one_row() -> dict[str, Any]:
    bunch = load_wine()
    return dict(zip(bunch.feature_names, map(float, bunch.data[0]), strict=True))


def both_served() -> tuple[Project, ModelVersion, ModelVersion]:
    project, (first, second) = versions(2)
    registry.promote(first, None)
    registry.promote(second, None)
    assert first.sha256 != second.sha256
    return project, first, second


def predicted(project: Project) -> Any:
    caller = make.Caller(make.manager_of(project).user)
    body = {"items": [{"data": one_row()}]}
    return caller("post", f"projects/{project.slug}/predict/", body)


@damages
def test_attack_11_the_version_before_serves_in_the_place_of_a_damaged_one(
    damage: Callable[[Path], None],
) -> None:
    project, first, second = both_served()
    damage(file_of(second))

    answer = predicted(project)

    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["model"] == first.number
    assert registry.champion(project) == first
    second.refresh_from_db()
    assert second.stage == "archived"
    assert second.damaged_at is not None
    change = first.promotions.order_by("pk").last()
    assert change is not None
    assert (change.is_rollback, change.by, change.why) == (True, None, registry.DAMAGED)
    # Its scores of the pool follow.
    assert Job.objects.filter(kind="learn.score", state="queued").exists()


@damages
def test_attack_11_where_no_other_is_whole_calls_say_so(
    damage: Callable[[Path], None],
) -> None:
    project, first, second = both_served()
    damage(file_of(first))
    damage(file_of(second))
    boss = make.Caller(make.manager_of(project).user)
    path = f"projects/{project.slug}/models/{first.number}/promote/"

    answers = [predicted(project), predicted(project), boss("post", path, {})]

    for answer in answers:
        assert answer.status_code == 409
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "damaged_file"
        assert "damaged or gone" in answer.json()["detail"]
        assert "/learn/" not in answer.content.decode()
    assert registry.champion(project) == second


def test_attack_11_an_alarm_stands_until_something_newer_serves() -> None:
    project, first, second = both_served()
    staff = make.user()
    staff.is_staff = True
    staff.save()
    watcher, boss = browser(staff), browser(make.manager_of(project).user)
    page = f"/projects/{project.slug}/models/"
    assert watcher.get("/readyz").json()["models"] == "ok"
    assert "damaged" not in boss.get(page).content.decode()

    content = file_of(second).read_bytes()
    file_of(second).unlink()
    # Nobody asks for a prediction: the hourly look finds it.
    mend()

    assert registry.champion(project) == first
    shown = boss.get(page).content.decode()
    assert f"The file of version {second.number} is damaged or gone" in shown
    assert f"Version {first.number} serves in its place" in " ".join(shown.split())
    assert watcher.get("/readyz").json()["models"] == "1 damaged"
    assert watcher.get("/readyz").status_code == 200
    assert "assay_models_damaged 1.0\n" in watcher.get("/metrics").content.decode()
    with pytest.raises(DamagedFileError):
        registry.promote(second, None)

    file_of(second).write_bytes(content)
    registry.promote(second, None)
    assert not healing.alarms().exists()
    assert "damaged" not in boss.get(page).content.decode()


def test_a_file_that_is_brought_back_ends_the_alarm_of_what_still_serves() -> None:
    project, (first,) = versions(1)
    registry.promote(first, None)
    content = file_of(first).read_bytes()
    file_of(first).unlink()

    assert healing.check_all() == 1
    assert list(healing.alarms()) == [first]
    assert registry.champion(project) == first
    file_of(first).write_bytes(content)
    assert healing.check_all() == 0
    assert not healing.alarms().exists()
    assert serving.predict(project, [serving.Question("a", one_row())])[0].model == 1


def test_what_was_rolled_back_does_not_come_back_by_itself() -> None:
    project, first, second = both_served()
    registry.rollback(second, None)
    file_of(first).unlink()

    assert healing.check(project) is False
    assert registry.champion(project) == first
