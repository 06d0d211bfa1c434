"""Guideline, labels and settings by page."""

from __future__ import annotations

import re

import pytest

from labeling.models import Gold, Project, Resolution
from labeling.services.projects import policy
from labeling.services.votes import agreement, settle
from tests import make
from tests.pages.html import flat
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def rows(*labels: dict[str, str]) -> dict[str, str]:
    form = {"rows": str(len(labels))}
    for place, label in enumerate(labels):
        form |= {f"{name}-{place}": value for name, value in label.items()}
    return form


def test_a_guideline_is_previewed_then_put_in_force_with_its_changes_shown() -> None:
    project = make.project()
    client = browser(make.member(project, "expert").user)
    path = f"/projects/{project.slug}/guideline/"

    preview = client.post(path, {"text": "**bold** <b>typed</b>", "preview": "1"})
    project.refresh_from_db()
    assert project.guideline is not None
    assert project.guideline.version == 1
    html = preview.content.decode()
    assert "<strong>bold</strong> &lt;b&gt;typed&lt;/b&gt;" in html

    client.post(path, {"text": "one\r\ntwo"})
    client.post(path, {"text": "one\nthree"})
    client.post(path, {"text": "one\nthree"})
    project.refresh_from_db()
    assert project.guideline.version == 3
    changed = client.get(path, {"version": "3"}).content.decode()
    assert "two" in changed.split("removed: ")[1][:20]
    assert "three" in changed.split("added: ")[1][:22]


def test_an_annotator_reads_the_guideline_but_writes_none() -> None:
    project = make.project()
    client = browser(make.member(project).user)
    path = f"/projects/{project.slug}/guideline/"

    assert b"<textarea" not in client.get(path).content
    assert client.post(path, {"text": "mine"}).status_code == 403
    project.refresh_from_db()
    assert project.guideline is not None
    assert project.guideline.text == ""


def test_a_renamed_label_keeps_its_items_and_old_votes_count_for_it() -> None:
    project = make.project(labels=("cat", "dog"), overlap=2)
    item = make.item(project)
    make.ranked(project, [item], slots=2)
    first, second = make.member(project), make.member(project)
    make.vote(first, make.lease(first)[0], "cat")
    client = browser(make.manager_of(project).user)
    form = rows(
        {"old": "cat", "name": "feline", "hotkey": "c", "color": "#112233"},
        {"old": "dog", "name": "dog"},
        {"name": "bird"},
    )

    answer = client.post(f"/projects/{project.slug}/labels/", form)
    assert answer.status_code == 302
    second.project.refresh_from_db()
    make.vote(second, make.lease(second)[0], "feline")
    settle.settle_project(project.pk)

    resolution = Resolution.objects.get(item=item)
    assert resolution.labels == ["feline"]
    assert resolution.label_set.version == 2
    report = agreement.compute(project.pk)
    assert report is not None
    assert report.percent == 1.0


def test_a_label_that_becomes_another_gives_it_its_items() -> None:
    project = make.project(labels=("cat", "dog", "wolf"))
    items = make.items(project, 2)
    make.ranked(project, items)
    member = make.member(project)
    for lent, label in zip(make.lease(member, 2), ("dog", "wolf"), strict=True):
        make.vote(member, lent, label)
    Gold.objects.create(
        item=items[1], labels=["wolf"], label_set_id=project.label_set_pk
    )
    settle.settle_project(project.pk)
    client = browser(make.manager_of(project).user)
    kept = ({"old": "cat", "name": "cat"}, {"old": "dog", "name": "dog"})
    path = f"/projects/{project.slug}/labels/"

    refused = client.post(path, rows(*kept, {"old": "wolf", "name": ""}))
    assert refused.status_code == 400
    assert "“wolf” labels 1 item;" in refused.content.decode()
    merged = rows(*kept, {"old": "wolf", "name": "wolf", "into": "dog"})
    assert client.post(path, merged).status_code == 302
    settle.settle_project(project.pk)

    current = Resolution.objects.filter(superseded_at=None)
    assert {tuple(resolution.labels) for resolution in current} == {("dog",)}
    assert Gold.objects.get().labels == ["dog"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"old": "x", "name": "y"}, "same name"),
        ({"old": "x", "name": "x", "color": "red"}, "#1a7f37"),
        ({"old": "x", "name": "x", "hotkey": "?"}, "one letter or digit"),
        ({"old": "x", "name": "x", "into": "x"}, "a label that stays"),
        ({"old": "x", "name": "x", "hotkey": "y"}, "the name of another label"),
        ({"old": "x", "name": "x", "hotkey": "Y"}, "the name of another label"),
    ],
)
def test_wrong_labels_are_explained_and_nothing_changes(
    bad: dict[str, str], why: str
) -> None:
    project = make.project(labels=("x", "y"))
    client = browser(make.manager_of(project).user)

    shown = client.post(
        f"/projects/{project.slug}/labels/", rows(bad, {"old": "y", "name": "y"})
    )

    assert shown.status_code == 400
    assert why in shown.content.decode()
    project.refresh_from_db()
    assert project.label_set is not None
    assert project.label_set.version == 1


def settings_form(project: Project, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {"name": project.name}
    for name, value in policy.values_of(project).items():
        if isinstance(value, bool):
            values |= {name: "on"} if value else {}
        else:
            values[name] = value
    return {**values, **changes}


def test_the_settings_pause_a_project_and_name_a_wrong_value() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/settings/"

    wrong = client.post(path, settings_form(project, confidence="7"))
    assert wrong.status_code == 400
    assert b"less than or equal to 1" in wrong.content
    few = client.post(path, settings_form(project, min_votes="3", overlap="2"))
    assert few.status_code == 400
    (field,) = re.findall(
        r'<div class="field wrong">.*?</div>', flat(few.content), re.DOTALL
    )
    assert 'name="min_votes"' in field
    assert "At most the overlap, which limits the votes." in field
    client.post(path, settings_form(project, is_paused="on", name="Renamed"))

    project.refresh_from_db()
    assert (project.is_paused, project.name) == (True, "Renamed")
    assert project.confidence == 0.9


def test_the_settings_say_which_roles_are_asked_for_what() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/settings/"
    ticked = rb'name="\w+_by" value="\w+" [^>]*checked'
    assert len(re.findall(ticked, client.get(path).content)) == 16

    nobody = client.post(path, settings_form(project, checks_by=[]))
    assert nobody.status_code == 400
    assert b"At least one role." in nobody.content
    unknown = client.post(path, settings_form(project, checks_by=["emperor"]))
    assert unknown.status_code == 400
    client.post(path, settings_form(project, evaluation_by=["expert", "manager"]))

    project.refresh_from_db()
    assert project.evaluation_by == ["expert", "manager"]
    assert len(project.first_votes_by) == len(project.checks_by) == 4
