"""An oracle labels a project over HTTP, as a file says."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from activelearn.services.ordering import ranking
from labeling.models import Annotation, Item, Project
from tests import make


def told(project: Project, file: Path, *, without: int = 0) -> dict[str, str]:
    names = Item.objects.filter(project=project).values_list("external_id", flat=True)
    truth = {name: "xy"[number % 2] for number, name in enumerate(sorted(names))}
    lines = [f"{name},{label}" for name, label in truth.items()][without:]
    file.write_text("\n".join(["item_id,label", *lines]))
    return truth


@pytest.mark.django_db(transaction=True)
def test_an_oracle_is_always_right(live_server: Any, tmp_path: Path) -> None:
    project = make.project()
    make.items(project, 30)
    ranking.rank(project)
    truth = told(project, tmp_path / "gold.csv")
    said = StringIO()

    call_command(
        "simulate",
        project.slug,
        oracle=tmp_path / "gold.csv",
        annotators=2,
        labels=14,
        url=live_server.url,
        stdout=said,
    )

    votes = list(Annotation.votes.values_list("item__external_id", "labels"))
    assert len(votes) == 14
    assert all(labels == [truth[name]] for name, labels in votes)
    assert "14 answers by 2 simulated annotators" in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_item_that_the_file_does_not_name_ends_it(
    live_server: Any, tmp_path: Path
) -> None:
    project = make.project()
    make.items(project, 5)
    ranking.rank(project)
    told(project, tmp_path / "gold.csv", without=5)

    with pytest.raises(CommandError, match="Nothing says what i"):
        call_command(
            "simulate",
            project.slug,
            oracle=tmp_path / "gold.csv",
            url=live_server.url,
        )


@pytest.mark.django_db
def test_without_an_oracle_only_demos_are_labeled(tmp_path: Path) -> None:
    project = make.project()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")

    with pytest.raises(CommandError, match="Only demo projects"):
        call_command("simulate", project.slug)
    with pytest.raises(CommandError, match="There is no project none"):
        call_command("simulate", "none")
    with pytest.raises(CommandError, match="has no item_id and label"):
        call_command("simulate", project.slug, oracle=tmp_path / "other.csv")
