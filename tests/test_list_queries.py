"""Every list of the API and of the pages takes as many queries for few rows as for many."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, resolve
from django.utils import timezone

import activelearn.views.urls
import labeling.views.urls
from activelearn.models import (
    AuditedItem,
    DialChange,
    Duel,
    Evaluation,
    ModelVersion,
    OnlineTest,
    PredictionBatch,
    Snapshot,
    TrainingRun,
    WatchIncident,
)
from labeling.messages import message
from labeling.models import (
    Annotation,
    AnnotationEvent,
    ApiToken,
    Disagreement,
    Item,
    Job,
    Project,
    Source,
    SourceObject,
    User,
    WebhookEndpoint,
)
from labeling.services.experts import adjudicate, blind, decisions, inquiries
from labeling.services.projects import guidelines, invitations, label_sets
from labeling.services.queue import reviews
from labeling.services.transfer import predictions
from labeling.services.transfer.webhooks import endpoints
from labeling.services.votes import settle
from tests import make, openapi
from tests.activelearn.watching.written import windows
from tests.labeling.experts.test_experts_api import doubted
from tests.labeling.transfer.predicted import predicted
from tests.test_pages import browser

pytestmark = pytest.mark.django_db

FEW: Final = 2
# Still on one page: the links of a page cost the same, however many there are.
MANY: Final = 9


def voted(project: Project, count: int) -> None:
    """Let the manager vote: on some items as the only one, on as many with another."""
    manager, other = make.manager_of(project), make.member(project)
    make.items(project, 2 * count)
    for assignment in make.lease(manager, 2 * count):
        make.vote(manager, assignment, "x")
    for assignment in make.lease(other, count):
        make.vote(other, assignment, "y")
    settle.settle_project(project.pk)
    rows = [(pk, "y", 0.9) for pk in Item.objects.values_list("pk", flat=True)]
    predictions.publish(project.pk, 1, rows)


def decided(project: Project, count: int) -> None:
    """Let an expert ask about all disagreements, and make precedents of some."""
    expert = make.member(project, "expert")
    disputes = Disagreement.objects.filter(project=project).order_by("pk")
    for dispute in disputes:
        blind.label_blind(expert, dispute.pk, ("x",))
        inquiries.ask(expert, dispute.pk, "Why?")
    decision = decisions.Decision(("x",), note="so", is_precedent=True)
    for dispute in disputes[: count // 2]:
        adjudicate.resolve(expert, dispute.pk, decision)


def trained(project: Project, count: int) -> None:
    """Write as many training runs, each with its job, its version and how it did."""
    user, label_set = make.manager_of(project).user, project.label_set
    assert label_set is not None
    for number in range(1, count + 1):
        digest = f"{number:064d}"
        job = Job.objects.create(kind="learn.train", project=project, state="done")
        snapshot = Snapshot.objects.create(
            project=project, sha256=digest, items=1, label_set=label_set
        )
        run = TrainingRun.objects.create(
            project=project,
            job=job,
            trigger="person",
            reason=message("asked for"),
            requested_by=user,
            snapshot=snapshot,
        )
        version = ModelVersion.objects.create(
            project=project,
            number=number,
            stage="archived",
            run=run,
            snapshot=snapshot,
            label_set=label_set,
            spec_hash=digest,
            sha256=digest,
            size=1,
            seed=1,
            environment={},
            promoted_by=user,
        )
        Evaluation.objects.create(model=version, **judged(digest))
        first = ModelVersion.objects.filter(project=project).earliest("number")
        if version != first:
            Duel.objects.create(
                project=project,
                challenger=version,
                champion=first,
                label_set=label_set,
                seed=1,
                items=1,
                differing=1,
                verdict="no result",
                ended_at=timezone.now(),
            )


def judged(digest: str) -> dict[str, Any]:
    """Return what an evaluation says, beside its model."""
    numbers = dict.fromkeys(("items", "better", "worse", "lower_bound", "mid_p"), 1)
    words = {"rule": "first", "verdict": "promote", "items_hash": digest}
    return {**numbers, **words, "report": make.REPORT, "outcomes": {}}


def worked_on(count: int) -> Project:
    """Return a project with so many rows, or more, in nearly every list."""
    project = make.project(overlap=2)
    manager = make.manager_of(project)
    voted(project, count)
    decided(project, count)
    trained(project, count)
    for number in range(count):
        make.member(project)
        invitations.create(manager, "annotator")
        guidelines.revise(project, manager.user, f"text {number}")
        Job.objects.create(
            kind="import", project=project, state="done", requested_by=manager.user
        )
    return project


def mixed_up(count: int) -> Project:
    """Return a project whose first version takes so many items for another label."""
    project = worked_on(count)
    items = Item.objects.filter(project=project).order_by("pk")[:count]
    Evaluation.objects.filter(model__project=project, model__number=1).update(
        pairs={str(item.pk): [["x"], ["y"]] for item in items}
    )
    return project


def differing(count: int) -> Project:
    """Return a project whose second version fixes so many items of the first one."""
    project = worked_on(max(count, 2))
    items = Item.objects.filter(project=project).order_by("pk")[:count]
    for number, said in ((1, "y"), (2, "x")):
        Evaluation.objects.filter(model__project=project, model__number=number).update(
            pairs={str(item.pk): [["x"], [said]] for item in items}
        )
    return project


def tried(count: int) -> Project:
    """Return a project with so many online tests that are over."""
    project = worked_on(2)
    new, old = ModelVersion.objects.filter(project=project)[:2]
    now = timezone.now()
    for _number in range(count):
        OnlineTest.objects.create(
            project=project,
            kind="shadow",
            challenger=new,
            champion=old,
            label_set_id=project.label_set_pk,
            stepped_at=now,
            looked_at=now,
            started_at=now,
            started_by=make.manager_of(project).user,
            ended_at=now,
            verdict="cannot tell",
            explanation=message("a person stopped it"),
        )
    return project


def had_to_do(count: int) -> Project:
    """Return a project whose first item so many versions learned from or were judged on."""
    project = worked_on(count)
    first = Item.objects.filter(project=project).order_by("pk")[0]
    Snapshot.objects.filter(project=project).update(item_ids=[first.pk])
    Evaluation.objects.filter(model__project=project).update(
        pairs={str(first.pk): [["x"], ["y"]]}
    )
    return project


def often_answered(count: int, *, first: User | None = None) -> Project:
    """Return a project with an item of so many votes, of which one stands, and events.

    The one that stands is the expert's; ``first`` has given all others.
    """
    project = make.project()
    expert = make.member(project, "expert").user
    item, moment = make.item(project), timezone.now()
    voters = [first or expert] * (count - 1) + [expert]
    rows = [
        Annotation(
            project=project,
            item=item,
            annotator=voter,
            client_id=uuid.uuid4(),
            labels=["x"],
            label_set=project.label_set,
            reason="random",
            created_at=moment,
            updated_at=moment,
            undone_at=moment if number < count else None,
        )
        for number, voter in enumerate(voters, start=1)
    ]
    given = Annotation.votes.bulk_create(rows)
    AnnotationEvent.objects.bulk_create(
        AnnotationEvent(
            project=project,
            item=item,
            annotation=vote,
            actor=vote.annotator,
            kind="voted",
            payload={"labels": ["x"]},
            at=moment,
        )
        for vote in given
    )
    Item.objects.filter(pk=item.pk).update(state="settled")
    return project


def address(path: str, project: Project) -> str:
    """Return a path of a project, and of its first item or source where it names one."""
    first = Item.objects.filter(project=project).order_by("pk").first()
    source = Source.objects.filter(project=project).order_by("pk").first()
    return path.format(
        slug=project.slug,
        item=first.pk if first else 0,
        source=source.pk if source else 0,
    )


def learned_from(count: int) -> Project:
    """Return a project whose first version learned from so many items."""
    project = worked_on(FEW)
    ids = [item.pk for item in make.items(project, count)]
    Snapshot.objects.filter(project=project).update(item_ids=ids)
    return project


def many_labels(count: int) -> Project:
    project = make.project()
    drafts = [label_sets.LabelDraft(f"label {number}") for number in range(count)]
    label_sets.revise(project, make.manager_of(project).user, drafts, {})
    return project


def one_of_many(count: int) -> Project:
    """Return one of so many projects of one manager."""
    user: User = make.user(manager=True)
    projects = [make.project(manager=user) for _ in range(count)]
    return projects[0]


def with_tokens(count: int) -> Project:
    """Return a project whose manager has so many tokens."""
    project = make.project()
    for _ in range(count):
        ApiToken.issue(make.manager_of(project).user)
    return project


def fed(count: int) -> Project:
    """Return a project with so many sources, of which the first has as many odd objects."""
    project = make.project()
    sources = [
        Source.objects.create(project=project, kind="s3", name=f"s{number}")
        for number in range(count)
    ]
    SourceObject.objects.bulk_create(
        SourceObject(source=sources[0], key=f"k{number}", state="refused", seen_by=1)
        for number in range(count)
    )
    return project


def predicted_from_outside(count: int) -> Project:
    """Return a project with so many sources of predictions, each with a report."""
    project = worked_on(FEW)
    (item, *_) = Item.objects.filter(project=project)
    for number in range(count):
        row = {"id": item.external_id, "label": "x", "source": f"source {number}"}
        predicted(project, row)
    return project


def under_review(count: int) -> Project:
    """Return a project with so many open reviews."""
    project = make.project()
    items = make.items(project, count)
    reviews.ask(project, [reviews.Wanted(item.pk, 1) for item in items])
    return project


def told_of(count: int) -> Project:
    """Return a project with so many endpoints, each with a message."""
    project = make.project()
    for number in range(count):
        endpoint = WebhookEndpoint.objects.create(
            project=project, url=f"https://{number}.example.com", secret="s"
        )
        endpoints.send_test(endpoint)
    return project


def predicted_files(count: int) -> Project:
    """Return a project with so many files of which the rows are predicted."""
    project = make.project()
    for number in range(count):
        job = Job.objects.create(kind="learn.predict", project=project, state="done")
        PredictionBatch.objects.create(
            project=project, job=job, file_name=f"{number}.csv", parts=["x"]
        )
    return project


def turned(count: int) -> Project:
    """Return a project whose dial was turned so often, with as many audited items."""
    project = make.project()
    for item in make.items(project, count):
        DialChange.objects.create(
            project=project,
            before="assistance",
            after="partial",
            by=project.created_by,
            at=timezone.now(),
        )
        AuditedItem.objects.create(
            project=project,
            item=item,
            model_number=1,
            labels=["x"],
            label_set_id=project.label_set_pk,
            confidence=0.99,
            accepted_at=timezone.now(),
            drawn_at=timezone.now(),
            settled_at=timezone.now(),
            is_wrong=False,
        )
    Project.objects.filter(pk=project.pk).update(automation="partial")
    return project


def watched(count: int) -> Project:
    """Return a project with so many windows of the watch, and a version that serves."""
    project = make.project()
    trained(project, 1)
    ModelVersion.objects.filter(project=project).update(stage="champion")
    for window in windows(project, count):
        WatchIncident.objects.create(
            project=project,
            metric="bugs",
            window=window,
            value=1.0,
            threshold=1.0,
            closed_at=window.ended_at,
            owner=make.manager_of(project).user,
        )
    return project


def in_doubt(count: int) -> Project:
    return doubted([0.95] * count)


Builder = Callable[[int], Project]
DOUBTS: Final = {
    f"doubts/{which}/": in_doubt for which in ("low-confidence", "flagged", "suspects")
}
LISTS: Final[dict[str, Builder]] = {
    "projects/": one_of_many,
    **{
        f"projects/{{slug}}/{path}": worked_on
        for path in (
            "annotations/",
            "disagreements/",
            "inquiries/",
            "invitations/",
            "items/",
            "jobs/",
            "members/",
            "models/",
            "precedents/",
            "training-runs/",
        )
    },
    "projects/{slug}/predictions/": predicted_from_outside,
    "projects/{slug}/automation/changes/": turned,
    "projects/{slug}/automation/audits/": turned,
    **{f"projects/{{slug}}/{path}": builder for path, builder in DOUBTS.items()},
    "projects/{slug}/models/2/against/1/": differing,
    "projects/{slug}/online-tests/": tried,
    "projects/{slug}/items/{item}/models/": had_to_do,
    "projects/{slug}/predict/batches/": predicted_files,
    "projects/{slug}/reviews/": under_review,
    "projects/{slug}/webhooks/": told_of,
    "projects/{slug}/webhook-deliveries/": told_of,
    "projects/{slug}/watch/windows/": watched,
    "projects/{slug}/watch/incidents/": watched,
    "projects/{slug}/sources/": fed,
    "projects/{slug}/sources/{source}/objects/": fed,
}
PAGES: Final[dict[str, Builder]] = {
    "": one_of_many,
    "account/": with_tokens,
    **{
        f"projects/{{slug}}/{path}": worked_on
        for path in (
            "guideline/",
            "items/",
            "jobs/",
            "members/",
            "models/",
            "my-work/",
        )
    },
    "projects/{slug}/labels/": many_labels,
    "projects/{slug}/automation/": turned,
    "projects/{slug}/predictions/": predicted_from_outside,
    "projects/{slug}/models/1/confusions/?truth=x&predicted=y": mixed_up,
    "projects/{slug}/models/2/against/1/": differing,
    "projects/{slug}/models/1/items/": learned_from,
    "projects/{slug}/models/online/": tried,
    "projects/{slug}/items/{item}/": often_answered,
    "projects/{slug}/watch/": watched,
    "projects/{slug}/watch/alarms/": watched,
    "watch/": one_of_many,
    "projects/{slug}/items/{item}/models/": had_to_do,
    "projects/{slug}/predict/": predicted_files,
    "projects/{slug}/reviews/": under_review,
    "projects/{slug}/webhooks/": told_of,
    "projects/{slug}/sources/": fed,
    "projects/{slug}/sources/{source}/": fed,
    **{
        f"projects/{{slug}}/{path.replace('doubts', 'disagreements')}": builder
        for path, builder in DOUBTS.items()
    },
}
# Pages about one thing at a time, and numbers of a project.
NO_LISTS: Final = {
    *(
        "agreement",
        "archive",
        "card",
        "card-file",
        "compare",
        "delete-items",
        "delete-project",
        "disagreements",
        "export",
    ),
    *(
        "feedback",
        "forgotten",
        "grid",
        "imports",
        "job",
        "join",
        "letter-sent",
        "login",
    ),
    *("logout", "new-password", "new-project"),
    *(
        "online-test",
        "project",
        "promote",
        "retrain",
        "rollback",
        "search-label",
        "settings",
    ),
    "station",
}


def queries_of(get: Callable[[], Any]) -> list[str]:
    """Return what a request asks the database; the first one fills what is cached."""
    get()
    with CaptureQueriesContext(connection) as queries:
        assert get().status_code == 200
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_the_api_asks_no_more_for_many_rows_than_for_few(path: str) -> None:
    rows, queries = [], []
    for count in (FEW, MANY):
        project = LISTS[path](count)
        call = make.Caller(make.manager_of(project).user)
        get = partial(call, "get", address(path, project))
        rows.append(len(get().json()["results"]))
        queries.append(queries_of(get))

    assert 0 < rows[0] < rows[1]
    assert len(queries[0]) == len(queries[1]), queries[1]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_no_more_for_many_rows_than_for_few(path: str) -> None:
    sizes, queries = [], []
    for count in (FEW, MANY):
        project = PAGES[path](count)
        client = browser(make.manager_of(project).user)
        get = partial(client.get, "/" + address(path, project))
        sizes.append(len(get().content))
        queries.append(queries_of(get))

    # It has more rows: what else is on a page varies by a few letters.
    assert sizes[1] > sizes[0] + 50
    assert len(queries[0]) == len(queries[1]), queries[1]


def test_no_list_of_the_api_is_left_out() -> None:
    schemas = openapi.document()["components"]["schemas"]
    listed = set()
    for path, method, operation in openapi.operations():
        answer = operation["responses"].get("200", {}).get("content", {})
        schema = answer.get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        is_page = {"next", "results"} <= schemas.get(name, {}).get(
            "properties", {}
        ).keys()
        if method == "get" and is_page:
            listed.add(path.removeprefix("/api/"))

    paths = {re.sub(r"{(item|source)}", "{id}", path) for path in LISTS}
    paths = {re.sub(r"doubts/[\w-]+/", "doubts/{which}/", path) for path in paths}
    numbered = "models/{number}/against/{before}/"
    assert listed == {path.replace("models/2/against/1/", numbered) for path in paths}


def test_no_page_is_left_out() -> None:
    patterns = [*labeling.views.urls.urlpatterns, *activelearn.views.urls.urlpatterns]
    names = {pattern.name for pattern in patterns if isinstance(pattern, URLPattern)}

    listed = {
        resolve(
            "/" + path.format(slug="a", item=1, source=1).partition("?")[0]
        ).url_name
        for path in PAGES
    }
    assert names - NO_LISTS == listed
