"""From an item to the versions that learned from it, and those that were judged on it."""

from __future__ import annotations

import pytest
from django.test import Client

from activelearn import tasks
from activelearn.models import ModelVersion, Snapshot
from activelearn.services.labels import snapshots
from activelearn.services.training import triggers
from activelearn.services.versions import lineage
from labeling.models import Item
from tests import make
from tests.activelearn.test_loop import one_more_label, versions, work

pytestmark = pytest.mark.django_db


def test_an_item_names_the_versions_that_had_to_do_with_it() -> None:
    project, (first,) = versions(1)
    learned = set(snapshots.read(first.snapshot))
    one_more_label(project)
    triggers.request(project, None, "again")
    work(project)
    second = ModelVersion.objects.get(number=2)
    (newcomer,) = set(snapshots.read(second.snapshot)) - learned
    old = Item.objects.get(pk=min(learned))
    held_out = Item.objects.get(pk=min(map(int, second.evaluation.pairs)))

    def parts(item: Item) -> list[tuple[int, bool]]:
        named = lineage.descendants(lineage.versions_of(item).order_by("-pk"))
        return [(part.version.number, part.has_learned) for part in named]

    assert parts(old) == [(2, True), (1, True)]
    assert parts(Item.objects.get(pk=newcomer)) == [(2, True)]
    assert parts(held_out)[0] == (2, False)
    told = lineage.descendants(lineage.versions_of(held_out).filter(number=2))[0]
    assert [told.truth, told.predicted] == second.evaluation.pairs[str(held_out.pk)]

    # As an earlier release took them: named again without anybody's doing.
    Snapshot.objects.update(item_ids=None)
    assert parts(old) == []
    tasks.mend()
    assert parts(old) == [(2, True), (1, True)]
    assert snapshots.list_earlier() == 0


def test_a_programs_list_and_the_page_are_for_engineers_of_the_project(
    client: Client,
) -> None:
    project, (version,) = versions(1)
    held_out = min(map(int, version.evaluation.pairs))
    truth, said = version.evaluation.pairs[str(held_out)]
    manager = make.manager_of(project).user
    path = f"projects/{project.slug}/items/{held_out}/models/"

    (row,) = make.Caller(manager)("get", path).json()["results"]
    client.force_login(manager)
    page = client.get(f"/{path}").content.decode()

    assert (row["number"], row["learned"]) == (version.number, False)
    assert (row["truth"], row["said"]) == (truth, said)
    assert "judged on it" in page
    assert f"/{path}" in client.get(f"/{path[:-7]}").content.decode()
    # Who may label it must not read there what a model says.
    expert, stranger = make.member(project, "expert").user, make.user()
    for who, status in ((expert, 403), (stranger, 404)):
        assert make.Caller(who)("get", path).status_code == status
        client.force_login(who)
        assert client.get(f"/{path}").status_code == status
    missing = make.Caller(manager)("get", path.replace(str(held_out), "0"))
    assert missing.status_code == 404


def test_a_version_names_the_items_that_it_learned_from(client: Client) -> None:
    project, (version,) = versions(1)
    taught = snapshots.read(version.snapshot)
    client.force_login(make.manager_of(project).user)
    address = f"/projects/{project.slug}/models/1/"

    assert f"{address}items/" in client.get(f"{address}card/").content.decode()
    page = client.get(f"{address}items/").content.decode()

    assert set(lineage.ancestors(version).values_list("pk", flat=True)) == set(taught)
    newest = max(taught)
    assert f"/projects/{project.slug}/items/{newest}/models/" in page
    assert taught[newest][0] in page
    assert f"It was taught {len(taught)} labels" in page
    gone = min(taught)
    Item.objects.filter(pk=gone).delete()
    assert not lineage.ancestors(version).filter(pk=gone).exists()
    version.snapshot.sha256 = "f" * 64
    version.snapshot.save()
    page = client.get(f"{address}items/").content.decode()
    assert "which labels these were is gone" in page
    assert '<td dir="auto">–</td>' in page
    assert "None" not in page
    # The file is read as a whole: of very many labels it would fill the memory.
    version.snapshot.items = lineage.MOST_TAUGHT + 1
    version.snapshot.save()
    page = client.get(f"{address}items/").content.decode()
    assert "They are too many to show them here" in page
    assert "which labels these were is gone" not in page
    client.force_login(make.user())
    assert client.get(f"{address}items/").status_code == 404
