"""``assay simulate PROJECT``: simulated annotators label through the real API."""

from __future__ import annotations

import csv
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from labeling.models import ApiToken, Item, Project, User
from labeling.services.projects import members
from running import finding
from running.demo.data import DEMOS

SKILLS = (0.97, 0.9, 0.8)
AT_ONCE = 5

Truth = dict[str, str]


def _of_demo(slug: str) -> tuple[Truth, Sequence[str]]:
    """Return the right labels of a demo's items, and its labels."""
    demo = next((demo for demo in DEMOS if demo.slug == slug), None)
    if demo is None:
        names = ", ".join(demo.slug for demo in DEMOS)
        raise CommandError(
            f"Only demo projects can be simulated: {names}. For others, --oracle"
            " names a file that says what is right."
        )
    return demo.load()[1], demo.labels


def _told_by(file: Path) -> tuple[Truth, Sequence[str]]:
    """Return the right labels that a file tells by the items' own ids, and all of them."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            truth = {row["item_id"]: row["label"] for row in csv.DictReader(lines)}
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} has no item_id and label: {error}") from error
    return truth, sorted(set(truth.values()))


class Command(BaseCommand):
    """Let simulated annotators of different skill label a demo project."""

    help = (
        "Simulated annotators, named sim-…, label a demo project over HTTP; with --oracle"
        " any project, always right, as a file says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the project, how many people and labels, how fast, and where."""
        parser.add_argument("project")
        parser.add_argument("--annotators", type=int, default=3)
        parser.add_argument("--labels", type=int, default=150, help="answers in all")
        parser.add_argument(
            "--pace", type=float, default=0.0, help="seconds per answer"
        )
        parser.add_argument(
            "--oracle",
            metavar="FILE",
            type=Path,
            help="CSV with a line for each item, its id (item_id) and its label",
        )
        here = f"http://127.0.0.1:{finding.port(settings.ASSAY_HOME)}"
        parser.add_argument("--url", default=here)

    def handle(self, *args: Any, **options: Any) -> None:
        """Label in turns until the answers are given or nothing is left.

        Raises CommandError for a project that is no demo, where no file says what is
        right, and for one that is not there.
        """
        slug, oracle = options["project"], options["oracle"]
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            raise CommandError(f"There is no project {slug}.")
        truth, labels = _told_by(oracle) if oracle else _of_demo(slug)
        skills = (1.0,) if oracle else SKILLS
        crowd = [
            self._person(project, n, skills[n % len(skills)])
            for n in range(options["annotators"])
        ]
        chance = random.Random(project.seed)  # noqa: S311 (a simulation)
        given = 0
        while given < options["labels"]:
            before = given
            for token, skill in crowd:
                want = min(AT_ONCE, options["labels"] - given)
                votes = want and self._votes(
                    options, token, want, (truth, labels, skill, chance)
                )
                given += votes
                time.sleep(options["pace"] * votes)
            if given == before:
                break
        self.stdout.write(f"{given} answers by {len(crowd)} simulated annotators")

    def _person(self, project: Project, number: int, skill: float) -> tuple[str, float]:
        name = f"sim-{number + 1}-of-skill-{skill:.2f}"
        user = User.objects.filter(username=name).first()
        if user is None:
            user, _ = members.create_user(name, simulated=True)
        members.add(project, user, "annotator")
        return ApiToken.issue(user, name="simulation"), skill

    def _votes(self, options: dict[str, Any], token: str, want: int, world: Any) -> int:
        truth, labels, skill, chance = world
        base = f"{options['url']}/api/projects/{options['project']}"
        lease = self._post(f"{base}/queue/lease/", token, {"count": want})
        votes = []
        # Annotators are not told the names of files.
        pks = [lent["item"]["id"] for lent in lease["items"]]
        names = dict(Item.objects.filter(pk__in=pks).values_list("pk", "external_id"))
        for lent in lease["items"]:
            name = names[lent["item"]["id"]]
            if name not in truth:
                raise CommandError(f"Nothing says what {name} is.")
            label = right = truth[name]
            if chance.random() >= skill:
                label = chance.choice([label for label in labels if label != right])
            votes.append(
                {
                    "assignment": lent["assignment"],
                    "labels": [label],
                    "client_id": str(uuid.uuid4()),
                    "seconds": round(chance.uniform(0.8, 6), 1),
                }
            )
        if votes:
            self._post(f"{base}/annotations/", token, votes)
        return len(votes)

    def _post(self, url: str, token: str, body: object) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (the address of one's own server)
            url,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Token {token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310  # nosec B310
                return dict(json.load(reply))
        except (OSError, urllib.error.HTTPError) as error:
            raise CommandError(f"{url}: {error}. Is Assay running?") from error
