"""Each address of the site, as each role: who answers blind is told nothing by any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final, NamedTuple

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from activelearn.models import Evaluation
from labeling.models import (
    Disagreement,
    Item,
    Media,
    Project,
)
from labeling.services.transfer import predictions
from labeling.services.transfer.outside import store
from labeling.services.transfer.outside.rows import SourcePrediction
from labeling.services.transfer.outside.store import Brought
from labeling.services.votes import settle
from tests import make
from tests.labeling.transfer.files import bring, picture, zipped
from tests.test_list_queries import trained
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

FOLDERS: Final = ("felines", "canines")
# What no two answers to the same question have in common, whatever they tell.
OWN: Final = re.compile(
    r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"'
    # Numbers of rows that were taken back are not given again.
    r'|"(?:assignment|id)": ?\d+|"request_id": ?"[^"]*"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?'
)
PICTURES: Final = 8


class World(NamedTuple):
    """A project of pictures in folders of classes, and who looks at it."""

    project: Project
    suspect: Item
    disputed: Item
    held_out: Item


def world() -> World:
    """Return a project with a label in doubt, a dispute, and a held-out item half asked."""
    project = make.project(
        labels=("cat", "dog", "fox"),
        data_type="image",
        evaluation_share=0,
        suggestion_mode="blind",
        suggestions_by="llm",
    )
    files = {
        f"{FOLDERS[number % 2]}/stem{number}.png": picture(shade=25 * number + 20)
        for number in range(PICTURES)
    }
    bring(project, "x.zip", zipped(files))
    suspect, disputed, held_out, *_ = Item.objects.order_by("pk")
    Item.objects.filter(pk=disputed.pk).update(votes_wanted=2)
    Item.objects.filter(pk=held_out.pk).update(split=Item.Split.EVALUATION)
    make.ranked(project, [suspect, held_out])
    voter = make.member(project)
    for lent in make.lease(voter, 2):
        make.vote(voter, lent, "cat")
    make.ranked(project, [disputed], slots=2)
    for label in ("cat", "dog"):
        who = make.member(project)
        make.vote(who, make.lease(who)[0], label)
    settle.settle_project(project.pk)
    # Another person is to answer it blind.
    Item.objects.filter(pk=held_out.pk).update(votes_wanted=2)
    trained(project, 2)
    return World(
        project,
        *(Item.objects.get(pk=item.pk) for item in (suspect, disputed, held_out)),
    )


def say(of: World, label: str, sureness: float) -> None:
    """Let the model that serves say so of every item, and two versions differ.

    A model outside says so too.
    """
    items = Item.objects.filter(project=of.project)
    predictions.publish(
        of.project.pk, 1, [(item.pk, label, sureness) for item in items], trained_on=()
    )
    claim = SourcePrediction("llm", (label,), sureness)
    store.keep(of.project.pk, [Brought(1, item.external_id, claim) for item in items])
    for number, said in ((1, "cat"), (2, label)):
        Evaluation.objects.filter(
            model__project=of.project, model__number=number
        ).update(
            pairs={
                str(item.pk): [["dog"], [said]] for item in (of.held_out, of.disputed)
            },
            sureness={str(of.held_out.pk): sureness},
        )


def addresses(of: World) -> Iterator[str]:
    """Return each address below the project, with each thing that it may name."""
    numbers = [
        *(of.suspect.pk, of.disputed.pk, of.held_out.pk),
        *Disagreement.objects.values_list("pk", flat=True),
    ]
    known: dict[str, list[Any]] = {
        "slug": [of.project.slug],
        "pk": numbers,
        "number": [1, 2],
        "name": ["whole", "vectors"],
        "before": [1, 2],
        "group": [0],
        "metric": ["difference"],
        "which": ["low-confidence", "flagged", "suspects"],
        "action": ["promote", "rollback", "archive", "advance", "stop"],
        "user": [of.project.created_by.username] if of.project.created_by else ["x"],
        "sha256": list(Media.objects.values_list("sha256", flat=True)[:1]),
    }
    for route in _routes(get_resolver()):
        names = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if "slug" in names:
            for values in product(*(known[name] for name in names)):
                filled = iter(values)
                yield re.sub(r"<[^>]*>", lambda _: str(next(filled)), route)  # noqa: B023


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        own = before + _plain(str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield f"/{own}"
        elif not own.startswith("admin"):
            yield from _routes(pattern, own)


def _plain(route: str) -> str:
    """Return a regular expression as a path of the other kind."""
    named = re.sub(r"\(\?P<(\w+)>(?:[^()]|\\.)*\)", r"<\1>", route)
    return named.lstrip("^").rstrip("$")


QUERIES: Final = (
    *("", "?predicted=dog", "?confidence_lt=0.95", "?label=cat", "?label=dog"),
)


class Told(NamedTuple):
    """What an address answered."""

    address: str
    status: int
    content: str


def told(client: Client, of: World) -> list[Told]:
    """Ask each address, and keep nothing of what that changed."""
    answers = []
    for address in addresses(of):
        queries = QUERIES if address.endswith("/items/") else ("",)
        answers += [_ask(client, "get", address + query) for query in queries]
        # What lends, takes up or puts off tells of items, too.
        if re.search("/(queue|doubts|disagreements)/", address):
            body = {"item": of.suspect.pk} if "/doubts/" in address else {}
            answers.append(_ask(client, "post", address, body))
    return answers


def _ask(client: Client, method: str, address: str, body: object = None) -> Told:
    with transaction.atomic():
        if method == "get":
            answer: Any = client.get(address)
        else:
            answer = client.post(address, body, content_type="application/json")
        content = b"" if answer.streaming else answer.content
        transaction.set_rollback(True)
    text = OWN.sub("", content.decode(errors="replace"))
    return Told(f"{method} {address}", answer.status_code, text)


@pytest.mark.parametrize("role", ["annotator", "expert"])
def test_attacks_13_and_14_no_address_tells_who_answers_blind_what_it_is(
    role: str,
) -> None:
    of = world()
    client = browser(make.member(of.project, role).user)
    say(of, "dog", 0.97)
    first = told(client, of)
    say(of, "fox", 0.91)
    again = told(client, of)

    differing = [
        answer.address
        for answer, other in zip(first, again, strict=True)
        # How sure a list of suspects is of another label is what it is for.
        if answer != other and not answer.address.endswith("/disagreements/suspects/")
    ]
    # Experts have the names of what is settled.
    names = [f"stem{n}" for n in range(PICTURES) if n or role == "annotator"]
    telling = [
        answer.address
        for answer in first
        if any(name in answer.content for name in names)
    ]
    assert sum(answer.status == 200 for answer in first) > 10
    assert (differing, telling) == ([], [])
