"""The items, their votes, and files in and out by page."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import DjangoAssertNumQueries

from labeling.models import Item, Media, Membership, Prediction, Project
from labeling.services.experts import blind
from labeling.services.votes import settle
from tests import make
from tests.labeling.experts.test_adjudicate import dispute
from tests.test_pages import browser

pytestmark = pytest.mark.django_db


def disputed() -> tuple[Project, Item]:
    project = make.project(overlap=2)
    item = make.item(project)
    make.ranked(project, [item], slots=2)
    for label in ("x", "y"):
        member = make.member(project)
        make.vote(member, make.lease(member)[0], label)
    settle.settle_project(project.pk)
    item.refresh_from_db()
    assert item.state == "disputed"
    return project, item


def test_the_items_are_filtered_and_read_page_by_page(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    project = make.project()
    for number in range(120):
        make.item(project, external_id=f"a-{number:03d}", tags=["odd"][: number % 2])
    make.item(project, external_id="b", split="evaluation")
    client = browser(make.member(project, "engineer").user)
    path = f"/projects/{project.slug}/items/"

    with django_assert_max_num_queries(9):
        first = client.get(path, {"id": "a-"}).content.decode()
    assert first.count('class="brief"') == 50
    assert "a-119" in first
    rest = client.get(path, {"id": "a-", "before": str(Item.objects.all()[60].pk)})
    assert rest.content.count(b'class="brief"') == 50
    assert b"a-059" in rest.content
    assert b"a-060" not in rest.content
    odd = client.get(path, {"tag": "odd", "split": "pool", "id": "a-00"})
    assert odd.content.count(b'class="brief"') == 5
    none = client.get(path, {"id": "nothing"})
    assert b"No item matches" in none.content
    assert b"An id must begin with" in none.content
    assert b"One value of the data" not in none.content
    words = client.get(path, {"q": "nothing"})
    assert b"One value of the data must have the words" in words.content
    assert b"An id must begin with" not in words.content


@pytest.mark.parametrize(
    "query",
    [
        {"split": "?"},
        {"state": "x" * 9000},
        {"id": "\x00", "label": "\x00", "tag": "\x00"},
        {"before": "99999999999999999999"},
        {"before": "٣"},
    ],
)
def test_made_up_filters_are_refused_or_find_nothing(query: dict[str, str]) -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)

    assert client.get(f"/projects/{project.slug}/items/", query).status_code in (
        200,
        400,
    )


def test_an_expert_sees_the_votes_only_after_an_answer_of_their_own() -> None:
    project, item = disputed()
    expert = make.member(project, "expert")
    client = browser(expert.user)
    path = f"/projects/{project.slug}/items/{item.pk}/"

    before = client.get(path)
    assert before.context["is_blind"]
    assert b'class="vote' not in before.content
    pk = item.disagreements.get().pk
    blind.label_blind(expert, pk, ("x",))
    after = client.get(path).content
    assert after.count(b'class="vote') == 2
    names = [
        membership.user.username
        # Their own name is in the head of the page.
        for membership in Membership.objects.filter(project=project).exclude(
            pk=expert.pk
        )
    ]
    assert not any(f">{name}" in after.decode() for name in names if name[-1] != "x")


def test_the_label_of_an_item_to_be_answered_blind_is_not_in_the_list() -> None:
    project = make.project(
        labels=("secret-x", "y"), evaluation_votes=2, evaluation_by=["annotator"]
    )
    ada, other = make.member(project), make.member(project)
    item = make.item(project, split="evaluation")
    make.ranked(project, [item])
    (lent,) = make.lease(ada)
    make.vote(ada, lent, "secret-x")
    settle.settle_project(project.pk)
    expert, engineer = make.member(project, "expert"), make.member(project, "engineer")

    def told(who: Membership) -> list[bool]:
        path = f"/projects/{project.slug}/items/"
        client = browser(who.user)
        page = client.get(path).content.decode()
        named = client.get(path, {"label": "secret-x"}).content.decode()
        shown = client.get(f"{path}{item.pk}/").content.decode()
        listed = make.Caller(who.user)("get", f"projects/{project.slug}/items/").json()
        (row,) = listed["results"]
        return [
            # The form names all labels.
            "secret-x" in page.split("</form>")[-1],
            item.external_id in named,
            'class="vote' in shown,
            row["labels"] is not None,
        ]

    # Where the two differ, an expert decides; the engineer is asked for nothing.
    assert told(expert) == [False] * 4
    assert told(engineer) == [True] * 4
    Project.objects.update(evaluation_by=["annotator", "engineer"])
    assert told(engineer) == [False] * 4
    (lent,) = make.lease(other)
    make.vote(other, lent, "secret-x")
    settle.settle_project(project.pk)
    assert told(expert) == [True] * 4


def test_predictions_are_for_engineers_and_never_of_held_out_items() -> None:
    project = make.project()
    pool, held = make.item(project), make.item(project, split="evaluation")
    for item in (pool, held):
        Prediction.objects.create(
            project=project, item=item, label="guess-x", confidence=0.5, model_number=1
        )
    engineer = browser(make.member(project, "engineer").user)
    expert = browser(make.member(project, "expert").user)
    path = f"/projects/{project.slug}/items"

    assert b"guess-x" in engineer.get(f"{path}/{pool.pk}/").content
    assert b"guess-x" not in engineer.get(f"{path}/{held.pk}/").content
    assert b"guess-x" not in expert.get(f"{path}/{pool.pk}/").content
    annotator = browser(make.member(project).user)
    assert annotator.get(f"{path}/").status_code == 403
    assert annotator.get(f"{path}/{pool.pk}/").status_code == 403


def test_an_item_of_another_project_is_not_there() -> None:
    project, other = make.project(), make.item(make.project())
    client = browser(make.manager_of(project).user)

    path = f"/projects/{project.slug}/items/{other.pk}/"
    assert client.get(path).status_code == 404


def test_a_file_is_previewed_at_an_address_of_its_own_and_imported() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/import/"
    file = SimpleUploadedFile("my.csv", b"text,note\nhello,<b>1</b>\n")

    sent = client.post(path, {"file": file})
    shown = client.get(sent.headers["Location"])
    assert b"&lt;b&gt;1&lt;/b&gt;" in shown.content
    assert not Item.objects.exists()
    upload = shown.context["upload"].pk
    started = client.post(path, {"upload": str(upload), "role:note": "ignore"})
    assert started.headers["Location"] == path
    assert client.post(path, {}).status_code == 400
    assert b"job-progress" in client.get(path).content


def test_a_preview_shows_values_as_the_other_pages_do() -> None:
    project = make.project()
    client = browser(make.manager_of(project).user)
    line = b'{"text": "a", "more": {"is": true, "of": ["x"]}, "none": null}'

    page = client.post(
        f"/projects/{project.slug}/import/",
        {"file": SimpleUploadedFile("a.jsonl", line)},
        follow=True,
    )

    cells = re.findall('<td dir="auto">(.*?)</td>', page.content.decode(), re.DOTALL)
    shown = [" ".join(html.unescape(cell).split()) for cell in cells]
    assert shown == ["a", '{ "is": true, "of": [ "x" ] }', "–"]


def test_no_page_shows_a_picture_in_full_but_by_a_link() -> None:
    project = make.project(data_type="image")
    media = Media.objects.create(
        sha256="ab" * 32, path="x.png", mime="image/png", size=9, width=900, height=600
    )
    item = make.item(project, media=media, data={"image": "x.png"})
    client = browser(make.manager_of(project).user)

    for page, size in (("items/", 256), (f"items/{item.pk}/", 1024)):
        html = client.get(f"/projects/{project.slug}/{page}").content.decode()
        shown = re.findall(r'<img\s+src="[^"]*/media/[^"]*/([^"/]*)"', html)
        assert shown == [f"?size={size}"]


@pytest.mark.parametrize("page", ["items", "disagreements"])
def test_a_row_is_shown_by_kind_and_never_as_html(page: str) -> None:
    project = make.project(overlap=2, data_type="table")
    row = {"n": 2.0, "paid": True, "at": "2026-11-21", "to": "https://a.org/<b>"}
    disagreement = dispute(project, data={**row, "none": None})
    client = browser(make.member(project, "expert").user)
    name = f"items/{disagreement.item_id}" if page == "items" else page

    html = client.get(f"/projects/{project.slug}/{name}/").content.decode()

    shown = re.findall(
        r'<td class="([^"]*)">\s*<div dir="auto">(?:<a[^>]*>)?([^<]*)<', html
    )
    assert sorted(shown) == [
        ("boolean true", "true"),
        ("date", "2026-11-21"),
        ("link", "https://a.org/&lt;b&gt;"),
        ("none", "–"),
        ("number", "2"),
    ]
