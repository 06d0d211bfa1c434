"""Any order of calls: the real API against a plain dictionary, checked at every step.

What Hypothesis finds it makes as short as it can; the steps it prints are the calls.
"""

from __future__ import annotations

import json
import math
import os
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from activelearn.models import ModelVersion, RetrainTrigger, TrainingRun
from activelearn.services import experiments, ranking, triggers
from labeling.models import (
    Annotation,
    AnnotationEvent,
    Assignment,
    Item,
    Job,
    Prediction,
    Project,
    ProjectCounter,
    QueueEntry,
)
from labeling.services.queue import giving_back
from labeling.services.votes import counts, settle
from labeling.services.work import jobs
from tests import make

pytestmark = [pytest.mark.long, pytest.mark.django_db]
LABELS = ("x", "y", "z")
PEOPLE = ("ada", "ben", "cleo")
RETRAIN_FIRST = 6
DONE: Counter[str] = Counter()
# What all examples together do at least, or this test has silently become empty.
LEAST = {
    "projects made": 15,
    "items deleted": 5,
    "items imported": 200,
    "items lent": 250,
    "votes": 150,
    "replays": 20,
    "edits": 12,
    "undos": 14,
    "skips": 1,
    "releases": 3,
    "leases expired": 2,
    "late answers kept": 1,
    "labels by votes": 60,
    "adjudications": 4,
    "changes of overlap": 8,
    "new orders": 12,
    "runs": 20,
    "thresholds": 2,
    "champions by promotion": 10,
    "champions by rollback": 6,
    "archived": 1,
    "people gone and back": 1,
    "exports": 6,
}


@dataclass
class Known:
    """An item as the plain model has it."""

    wanted: int
    votes: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    skips: int = 0
    state: str = "open"
    label: str | None = None
    by_expert: bool = False
    was_labeled: bool = False
    split: str = "pool"
    is_unsettled: bool = False
    most_wanted: int = 0

    def __post_init__(self) -> None:
        self.want(self.wanted)

    def want(self, votes: int) -> None:
        """Ask for so many votes; slots of a higher number before may be lent still."""
        self.wanted = votes
        self.most_wanted = max(self.most_wanted, votes)


@dataclass
class Given:
    """A vote that the server has confirmed."""

    id: int
    body: dict[str, Any]
    item: str
    version: int = 1
    is_undone: bool = False


class Labeling(RuleBasedStateMachine):
    """A project of three annotators and an expert, by its API alone.

    It begins with items, votes and two models, so that each rule finds work; what
    would find none is not chosen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, Known] = {}
        self.held: dict[str, dict[int, str]] = {name: {} for name in PEOPLE}
        self.given: dict[str, list[Given]] = {name: [] for name in PEOPLE}
        self.overlap, self.min_votes = 1, 1
        self.runs = 0
        self.fired, self.labels_then = 0, 0
        self.named = 0
        self.versions: set[int] = set()
        # Each version that ever was champion, the present one last.
        self.champions: list[int] = []
        self.is_exported = False

    @initialize(overlap=st.integers(1, 3))
    def create(self, overlap: int) -> None:
        self.boss = make.Caller(make.user(manager=True))
        draft = {
            "name": "Any order",
            "data_type": "text",
            "task_type": "single",
            "labels": [{"name": name} for name in LABELS],
            "overlap": 1,
            "confidence": 0.9,
            "retrain_first": RETRAIN_FIRST,
        }
        answer = self.boss("post", "projects/", draft)
        assert answer.status_code == 201, answer.content
        self.slug = answer.json()["slug"]
        # What is drawn from the seed must be drawn alike whenever an order is repeated.
        Project.objects.filter(slug=self.slug).update(seed=7)
        self.project = Project.objects.get(slug=self.slug)
        users = {name: make.user() for name in (*PEOPLE, "expert")}
        for name, user in users.items():
            role = "expert" if name == "expert" else "annotator"
            body = {"user": user.username, "role": role}
            assert self.boss("post", self.at("members/"), body).status_code == 201
        self.calls = {name: make.Caller(user) for name, user in users.items()}
        DONE["projects made"] += 1
        self._begin(overlap)

    def _begin(self, overlap: int) -> None:
        """Train two models from a vote each, then let all disagree about the rest."""
        self.import_items(18)
        self.rank()
        for who in PEOPLE:
            for number in self._lend(who, 3):
                place = int(self.held[who][number][1:])
                self._give(who, number, LABELS[place % 3])
            # The same labels would teach nothing new: nobody trains on them again.
            if who != PEOPLE[0]:
                self.settle()
                self.retrain()
        steps = (("promote", 1), ("promote", 2), ("rollback", 2), ("archive", 2))
        for action, number in steps:
            self._do_with_model(action, number)
        self.change_overlap(overlap, None)
        self.settle()
        for who, label in zip(PEOPLE, LABELS, strict=True):
            for number in self._lend(who, 4):
                self._give(who, number, label)
        self._lend("ada", 2)

    def at(self, path: str) -> str:
        return f"projects/{self.slug}/{path}"

    def ask(
        self, who: str, method: str, path: str, body: Any = None, **more: Any
    ) -> Any:
        answer = self.calls[who](method, self.at(path), body, **more)
        assert answer.status_code < 500, answer.content
        return answer

    @precondition(lambda self: len(self.items) < 40)
    @rule(count=st.integers(1, 8))
    def import_items(self, count: int) -> None:
        first, self.named = self.named, self.named + count
        names = [f"i{number}" for number in range(first, first + count)]
        rows = [
            {"external_id": name, "text": f"text {name} {LABELS[number % 3]}"}
            for number, name in enumerate(names, start=first)
        ]
        answer = self.boss.client.post(
            f"/api/{self.at('imports/')}",
            data="\n".join(map(json.dumps, rows)),
            content_type="application/x-ndjson",
            headers=self.boss.headers,
        )
        assert answer.status_code == 202, answer.content
        self.work("import")
        splits = dict(
            Item.objects.filter(project=self.project).values_list(
                "external_id", "split"
            )
        )
        for name in names:
            self.items[name] = Known(self.min_votes, split=splits[name])
        self.is_exported = False
        DONE["items imported"] += count

    def work(self, *kinds: str) -> None:
        """Do what the workers would do with the jobs that wait."""
        for job in Job.objects.filter(
            project=self.project, state="queued", kind__in=kinds
        ):
            jobs.run(job.pk)

    @rule(who=st.sampled_from(PEOPLE), count=st.integers(1, 6))
    def lease(self, who: str, count: int) -> None:
        self._lend(who, count)

    def _lend(self, who: str, count: int) -> list[int]:
        """Ask for items, compare what came with the model, return the assignments."""
        before = dict(self.held[who])
        body = self.ask(who, "post", "queue/lease/", {"count": count}).json()
        got = {one["assignment"]: one["item"]["external_id"] for one in body["items"]}
        assert len(got) <= count
        kept = {number: name for number, name in got.items() if number in before}
        assert len(kept) == min(count, len(before))
        for name in set(got.values()) - set(before.values()):
            item = self.items[name]
            assert item.state == "open"
            assert who not in item.votes
            assert who not in item.away
            assert len(self.having(name)) < item.wanted
            DONE["items lent"] += 1
        self.held[who].update(got)
        missing = [name for name in self.items if self.could_have(who, name)]
        if len(got) < count:
            assert missing == [], f"{who} got {len(got)} of {count}"
        assert bool(got) != bool(body["reason"])
        return list(got)

    def having(self, name: str) -> set[str]:
        """Return who holds an item or has answered it."""
        holders = {who for who in PEOPLE if name in self.held[who].values()}
        return holders | set(self.items[name].votes)

    def could_have(self, who: str, name: str) -> bool:
        """Whether an item lies free for a person who has not got it."""
        item, having = self.items[name], self.having(name)
        return (
            item.state == "open"
            and who not in item.away
            and who not in having
            and len(having) < item.wanted
        )

    def with_work(self) -> list[str]:
        """Return who holds items or could get one."""
        return [
            who
            for who in PEOPLE
            if self.held[who] or any(self.could_have(who, name) for name in self.items)
        ]

    @precondition(lambda self: self.with_work())
    @rule(
        data=st.data(), labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=5)
    )
    def lease_and_submit(self, data: st.DataObject, labels: list[str]) -> None:
        """A person's usual round: some items, then all answers in one request."""
        who = data.draw(st.sampled_from(self.with_work()))
        numbers = self._lend(who, len(labels))
        bodies = list(map(self._body, numbers, labels))
        answer = self.ask(who, "post", "annotations/", bodies)
        assert answer.status_code == 200, answer.content
        for body, told in zip(bodies, answer.json()["results"], strict=True):
            assert told["status"] == 201, told
            self._keep(who, body, self.held[who].pop(body["assignment"]), told)

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data(), label=st.sampled_from(LABELS))
    def submit(self, data: st.DataObject, label: str) -> None:
        self._give(*self._pick(data, self.held), label)

    def _give(self, who: str, number: int, label: str) -> None:
        body = self._body(number, label)
        answer = self.ask(who, "post", "annotations/", body)
        assert answer.status_code == 201, answer.content
        name = self.held[who].pop(number)
        self._keep(who, body, name, {"annotation": answer.json()})

    def _body(self, number: int, label: str) -> dict[str, Any]:
        client_id = str(uuid.uuid4())
        return {"assignment": number, "labels": [label], "client_id": client_id}

    def _keep(
        self, who: str, body: dict[str, Any], name: str, told: dict[str, Any]
    ) -> None:
        (self._voted(name).votes[who],) = body["labels"]
        self.given[who].append(Given(told["annotation"]["id"], body, name))
        DONE["votes"] += 1

    def _voted(self, name: str) -> Known:
        self.items[name].is_unsettled = True
        self.is_exported = False
        return self.items[name]

    def _pick(self, data: st.DataObject, of: dict[str, Any]) -> tuple[str, Any]:
        who = data.draw(st.sampled_from([name for name in PEOPLE if of[name]]))
        return who, data.draw(st.sampled_from(list(of[who])))

    def _vote(self, data: st.DataObject) -> tuple[str, Given]:
        standing = {
            who: [n for n, one in enumerate(given) if not one.is_undone]
            for who, given in self.given.items()
        }
        who, place = self._pick(data, standing)
        return who, self.given[who][place]

    has_votes = precondition(
        lambda self: any(
            not one.is_undone for given in self.given.values() for one in given
        )
    )

    @has_votes
    @rule(
        data=st.data(),
        label=st.sampled_from(LABELS),
        how=st.sampled_from(["edit", "undo", "edit and undo"]),
    )
    def change_vote(self, data: st.DataObject, label: str, how: str) -> None:
        who, one = self._vote(data)
        self._replay(who, one)
        if how != "undo":
            self._edit(who, one, label)
        if how != "edit":
            self._undo(who, one)

    def _replay(self, who: str, one: Given) -> None:
        assert self.ask(who, "post", "annotations/", one.body).status_code == 200
        other = {**one.body, "comment": "not what I sent"}
        assert self.ask(who, "post", "annotations/", other).status_code == 422
        again = {**one.body, "client_id": str(uuid.uuid4())}
        assert self.ask(who, "post", "annotations/", again).status_code == 409
        DONE["replays"] += 1

    def _edit(self, who: str, one: Given, label: str) -> None:
        path, body = f"annotations/{one.id}/", {"labels": [label]}
        for age, status in ((1, 412), (0, 200)):
            match = {"If-Match": f'"{one.version - age}"'}
            answer = self.ask(who, "patch", path, body, **match)
            assert answer.status_code == status, answer.content
        one.version += 1
        self._voted(one.item).votes[who] = label
        DONE["edits"] += 1

    def _undo(self, who: str, one: Given) -> None:
        match = {"If-Match": f'"{one.version}"'}
        answer = self.ask(who, "delete", f"annotations/{one.id}/", **match)
        assert answer.status_code == 200, answer.content
        assert self.ask(who, "post", "annotations/", one.body).status_code == 200
        one.is_undone = True
        del self._voted(one.item).votes[who]
        self.held[who][one.body["assignment"]] = one.item
        DONE["undos"] += 1

    @precondition(lambda self: any(self.held.values()))
    @rule(
        data=st.data(),
        how=st.lists(
            st.sampled_from(["skip", "leave", "release", "expire"]),
            min_size=1,
            max_size=3,
        ),
    )
    def give_back(self, data: st.DataObject, how: list[str]) -> None:
        for way in how:
            if any(self.held.values()):
                self._end(way, *self._pick(data, self.held))

    def _end(self, way: str, who: str, number: int) -> None:
        if way == "skip":
            self._skip(who, number)
        elif way == "release":
            self._release(who, number)
        elif way == "expire":
            self._expire(who, number)
            giving_back.reclaim()
        else:
            self._leave(who)

    def _skip(self, who: str, number: int) -> None:
        for _ in range(2):
            answer = self.ask(who, "post", f"assignments/{number}/skip/", {})
            assert answer.status_code == 200, answer.content
        item = self.items[self.held[who].pop(number)]
        item.away.add(who)
        item.skips += 1
        DONE["skips"] += 1

    def _release(self, who: str, number: int) -> str:
        """Give an item back, and return its name."""
        answer = self.ask(who, "post", f"assignments/{number}/release/", {})
        assert answer.status_code == 200, answer.content
        DONE["releases"] += 1
        return self.held[who].pop(number)

    def _expire(self, who: str, number: int) -> str:
        """Let a lease end, and return the name of its item."""
        past = timezone.now() - timedelta(days=1)
        Assignment.objects.filter(pk=number).update(expires_at=past)
        DONE["leases expired"] += 1
        return self.held[who].pop(number)

    @precondition(lambda self: any(self.held.values()))
    @rule(
        data=st.data(),
        label=st.sampled_from(LABELS),
        how=st.sampled_from(["ended", "reclaimed", "released"]),
        other=st.sampled_from(PEOPLE),
    )
    def answer_late(
        self, data: st.DataObject, label: str, how: str, other: str
    ) -> None:
        """Answer what is not held any more; others may have got it meanwhile."""
        who, number = self._pick(data, self.held)
        end = self._release if how == "released" else self._expire
        name = end(who, number)
        if how != "ended":
            giving_back.reclaim()
            if other != who:
                self._lend(other, len(self.held[other]) + 5)
        body = self._body(number, label)
        answer = self.ask(who, "post", "annotations/", body)
        is_closed = self.items[name].state != "open"
        may_be_taken = how != "ended" and bool(self.having(name))
        if answer.status_code == 201:
            assert not is_closed
            self._keep(who, body, name, {"annotation": answer.json()})
            DONE["late answers kept"] += 1
        else:
            assert answer.status_code == 409, answer.content
            assert is_closed or may_be_taken
            late = AnnotationEvent.objects.filter(
                kind="late", payload__client_id=body["client_id"]
            )
            assert late.count() == 1
            DONE["late answers refused"] += 1
        giving_back.reclaim()

    @precondition(lambda self: any(item.is_unsettled for item in self.items.values()))
    @rule()
    def settle_and_consider(self) -> None:
        self.settle()
        self._consider()

    def settle(self) -> None:
        settle.settle_project(self.project.pk)
        for item in self.items.values():
            if item.is_unsettled and not item.by_expert:
                self._settle(item)
            item.is_unsettled = False

    def _verdict(self, item: Known) -> str:
        """Return what the votes make of an item."""
        given = Counter(item.votes.values())
        most = max(self.overlap, len(item.votes))
        ranked = given.most_common(2)
        is_clear = (
            len(item.votes) >= min(self.min_votes, most)
            and ranked[0][1] / len(item.votes) >= 0.9
            and ranked[0][1] != (ranked[1][1] if len(ranked) > 1 else 0)
        )
        if is_clear:
            return "settled"
        return "disputed" if len(item.votes) >= most else "open"

    def _settle(self, item: Known) -> None:
        item.state, item.label = self._verdict(item), None
        if item.state == "settled":
            item.label = Counter(item.votes.values()).most_common(1)[0][0]
            item.was_labeled = True
            DONE["labels by votes"] += 1
        if item.state == "open":
            most = max(self.overlap, len(item.votes))
            item.want(min(max(min(self.min_votes, most), len(item.votes) + 1), most))

    def has_disputes(self) -> bool:
        """Whether settling leaves something for an expert."""
        return any(
            not item.by_expert
            and (self._verdict(item) if item.is_unsettled else item.state) == "disputed"
            for item in self.items.values()
        )

    @precondition(has_disputes)
    @rule(data=st.data(), label=st.sampled_from(LABELS))
    def adjudicate(self, data: st.DataObject, label: str) -> None:
        self.settle()
        path = "disagreements/"
        told = {
            one["item"]["external_id"]: one["id"]
            for one in self.ask("expert", "get", path).json()["results"]
        }
        assert told.keys() == {
            name for name, item in self.items.items() if item.state == "disputed"
        }
        name = data.draw(st.sampled_from(sorted(told)))
        place, other = f"{path}{told[name]}", LABELS[LABELS.index(label) - 1]
        for step, body, status in (
            ("blind", {"labels": [label]}, 200),
            ("resolve", {"label": label}, 200),
            ("resolve", {"label": label}, 200),
            ("resolve", {"label": other}, 409),
        ):
            answer = self.ask("expert", "post", f"{place}/{step}/", body)
            assert answer.status_code == status, (step, answer.content)
        item = self.items[name]
        item.state, item.label, item.by_expert = "settled", label, True
        item.was_labeled = True
        DONE["adjudications"] += 1

    @rule(overlap=st.integers(1, 3), min_votes=st.none() | st.integers(1, 3))
    def change_overlap(self, overlap: int, min_votes: int | None) -> None:
        """Change both, or the overlap alone: the least number of votes follows it."""
        body = {"overlap": overlap, "min_votes": min_votes or overlap}
        if min_votes is None:
            del body["min_votes"]
        answer = self.boss("patch", self.at(""), body)
        min_votes = min_votes or overlap
        assert answer.status_code == (200 if min_votes <= overlap else 400)
        if (overlap, min_votes) == (
            self.overlap,
            self.min_votes,
        ) or min_votes > overlap:
            return
        self.overlap, self.min_votes = overlap, min_votes
        assert answer.json()["min_votes"] == min_votes
        for item in self.items.values():
            if item.state == "open":
                item.is_unsettled = True
                item.want(min_votes)
        DONE["changes of overlap"] += 1

    @rule(data=st.data(), how=st.sampled_from(["change", "rank", "retrain"]))
    def learn(self, data: st.DataObject, how: str) -> None:
        """Put another model or another order in force."""
        if how == "change" and self.versions:
            self._change_model(data)
        elif how == "retrain" and self.runs < 4:
            self.retrain()
        else:
            self.rank()

    def rank(self) -> None:
        ranking.rank(Project.objects.get(pk=self.project.pk))
        DONE["new orders"] += 1

    def retrain(self) -> None:
        """Ask twice for a run, then let the workers do it."""
        runs = TrainingRun.objects.filter(project=self.project)
        waits = runs.filter(job__state="queued").exists()
        is_known = experiments.finished_now(Project.objects.get(pk=self.project.pk))
        for status in (200 if waits or is_known else 202, 200):
            answer = self.boss("post", self.at("training-runs/"), {"reason": "to see"})
            assert answer.status_code == status, answer.content
        self.work("learn.train")
        listed = self.boss("get", self.at("models/")).json()["results"]
        stages = {one["number"]: one["stage"] for one in listed}
        for number in sorted(stages.keys() - self.versions):
            self.versions.add(number)
            if stages[number] == "champion":
                self.champions.append(number)
        self.runs += 1
        DONE["runs"] += 1

    def _change_model(self, data: st.DataObject) -> None:
        action = data.draw(st.sampled_from(["promote", "rollback", "archive"]))
        number = data.draw(st.sampled_from(sorted(self.versions)))
        self._do_with_model(action, number)

    def _do_with_model(self, action: str, number: int) -> None:
        before = self.champions[-1:]
        answer = self.boss("post", self.at(f"models/{number}/{action}/"), {})
        if action == "archive":
            assert answer.status_code == (409 if [number] == before else 200)
            DONE["archived"] += [number] != before
            return
        if action == "rollback":
            is_serving = [number] == before
            can_be = before and (len(self.champions) > 1 or not is_serving)
            assert answer.status_code == (200 if can_be else 409)
            if not can_be:
                return
            # What was taken out of service is no champion to go back to.
            self.champions = self.champions[:-1] if is_serving else self.champions
            number = self.champions[-1]
        assert answer.status_code == 200, answer.content
        assert (answer.json()["number"], answer.json()["stage"]) == (number, "champion")
        self.champions = [one for one in self.champions if one != number] + [number]
        DONE[f"champions by {action.replace('promote', 'promotion')}"] += [
            number
        ] != before
        self.work("learn.score")
        scores = Prediction.objects.filter(project=self.project)
        assert set(scores.values_list("model_number", flat=True)) <= {number}

    def _consider(self) -> None:
        """Two schedulers at once change nothing."""
        labels = sum(
            item.was_labeled for item in self.items.values() if item.split == "pool"
        )
        # Labels that were counted then may have been deleted since.
        self.labels_then = min(self.labels_then, labels)
        growth = math.ceil(
            self.labels_then * self.project.learningpolicy.retrain_growth
        )
        more = max(10, growth) if self.labels_then else RETRAIN_FIRST
        if labels >= self.labels_then + more:
            self.fired, self.labels_then = self.fired + 1, labels
            DONE["thresholds"] += 1
        for _ in range(2):
            triggers.consider(self.project.pk)
            trigger = RetrainTrigger.objects.get(project=self.project)
            assert (trigger.fired, trigger.label_count) == (
                self.fired,
                self.labels_then,
            )

    @precondition(lambda self: len(self.items) > 12)
    @rule(data=st.data(), how=st.sampled_from(["one", "by a filter"]))
    def delete(self, data: st.DataObject, how: str) -> None:
        """An item goes with its votes; who holds it is told when they answer."""
        name = data.draw(st.sampled_from(sorted(self.items)))
        holders = [
            (who, number)
            for who, held in self.held.items()
            for number, item in held.items()
            if item == name
        ]
        if how == "one":
            pk = Item.objects.get(project=self.project, external_id=name).pk
            answer = self.boss("delete", self.at(f"items/{pk}/"))
            assert answer.status_code == 204, answer.content
            assert self.boss("delete", self.at(f"items/{pk}/")).status_code == 404
        else:
            path = self.at(f"items/?q=text {name} &expect=")
            assert self.boss("delete", f"{path}2").status_code == 409
            answer = self.boss("delete", f"{path}1")
            assert answer.status_code == 202, answer.content
            self.work("delete")
        del self.items[name]
        for who, number in holders:
            del self.held[who][number]
            body = self._body(number, LABELS[0])
            assert self.ask(who, "post", "annotations/", body).status_code == 404
        self.given = {
            who: [one for one in given if one.item != name]
            for who, given in self.given.items()
        }
        self.is_exported = False
        DONE["items deleted"] += 1

    def _leave(self, who: str) -> None:
        """A person goes and comes back: what they held went to others meanwhile."""
        self.held[who] = {}
        user = self.calls[who].who
        make.leave(self.project, user)
        assert self.calls[who]("get", self.at("")).status_code == 404
        body = {"user": user.username, "role": "annotator"}
        assert self.boss("post", self.at("members/"), body).status_code == 201
        DONE["people gone and back"] += 1

    @precondition(lambda self: not self.is_exported)
    @rule()
    def export(self) -> None:
        """The export says what the dictionary says."""
        answer = self.boss("get", self.at("export/?format=jsonl"))
        assert answer.status_code == 200
        lines = b"".join(answer.streaming_content).decode().splitlines()
        told = {row["external_id"]: row for row in map(json.loads, filter(None, lines))}
        assert told.keys() == self.items.keys()
        for name, item in self.items.items():
            votes = Counter(vote["labels"][0] for vote in told[name]["votes"])
            assert votes == Counter(item.votes.values()), name
        self.is_exported = True
        DONE["exports"] += 1

    @invariant()
    def nothing_is_lent_or_answered_too_often(self) -> None:
        if not self.items:
            return
        rows = Assignment.objects.filter(
            project=self.project, state__in=Assignment.LIVE
        )
        live: dict[str, set[str]] = defaultdict(set)
        people = {call.who.pk: who for who, call in self.calls.items()}
        for name, user in rows.values_list("item__external_id", "annotator"):
            live[name].add(people[user])
        for name, item in self.items.items():
            assert live[name] == self.having(name), name
            assert len(live[name]) <= item.most_wanted, name
        slots = Counter(rows.values_list("item_id", "slot"))
        assert not slots or max(slots.values()) == 1
        queued = set(
            QueueEntry.objects.filter(project=self.project).values_list(
                "item_id", "slot"
            )
        )
        assert not queued & set(slots)

    @invariant()
    def the_votes_are_what_the_dictionary_says(self) -> None:
        if not self.items:
            return
        people = {call.who.pk: who for who, call in self.calls.items()}
        rows = Annotation.votes.filter(project=self.project, undone_at=None)
        found = sorted(
            (name, people[user], labels)
            for name, user, labels in rows.values_list(
                "item__external_id", "annotator", "labels"
            )
        )
        assert found == sorted(
            (name, who, [label])
            for name, item in self.items.items()
            for who, label in item.votes.items()
        )

    @invariant()
    def what_is_settled_is_what_the_votes_make_of_it(self) -> None:
        rows = Item.objects.filter(project=getattr(self, "project", None))
        for row in rows.filter(is_unsettled=False).prefetch_related("resolutions"):
            known = self.items[row.external_id]
            assert row.votes == len(known.votes)
            labels = [r.labels for r in row.resolutions.all() if not r.superseded_at]
            assert labels == ([[known.label]] if known.label else []), (
                row.external_id,
                known,
            )
            assert row.state == known.state, row.external_id

    @invariant()
    def counters_equal_recounts(self) -> None:
        if not self.items:
            return
        assert counts.reconcile(self.project.pk) == 0
        told = self.boss("get", self.at("")).json()["counts"]
        assert told["votes"] == sum(len(item.votes) for item in self.items.values())
        counters = ProjectCounter.objects.filter(project=self.project)
        skips = sum(item.skips for item in self.items.values())
        assert sum(counters.values_list("skips", flat=True)) == skips
        now = ProjectCounter.confident_of(self.project.pk)
        pool = [item for item in self.items.values() if item.split == "pool"]
        unsettled = Item.objects.filter(
            project=self.project, is_unsettled=True
        ).exists()
        if not unsettled:
            assert now == sum(item.was_labeled for item in pool)

    @invariant()
    def at_most_one_champion_and_one_waiting_run(self) -> None:
        project = getattr(self, "project", None)
        champions = ModelVersion.objects.filter(project=project, stage="champion")
        serving = list(champions.values_list("number", flat=True))
        assert serving == self.champions[-1:]
        waiting = TrainingRun.objects.filter(project=project, job__state="queued")
        assert waiting.count() <= 1
        trigger = RetrainTrigger.objects.filter(project=project).first()
        if trigger is not None:
            runs = TrainingRun.objects.filter(project=project, trigger="labels")
            assert runs.count() <= trigger.fired


def test_any_order_of_calls_keeps_every_promise() -> None:
    """The same orders each time; ``ASSAY_EXAMPLES=500`` looks for new ones."""
    more = os.environ.get("ASSAY_EXAMPLES")
    run_state_machine_as_test(
        Labeling,
        settings=settings(
            max_examples=int(more or 18),
            derandomize=not more,
            database=None,
            stateful_step_count=40,
            deadline=None,
            # With fewer steps, but after many minutes: by ASSAY_EXAMPLES.
            phases=list(Phase) if more else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    done_too_seldom = {
        name: DONE[name] for name, least in LEAST.items() if DONE[name] < least
    }
    assert not done_too_seldom, dict(DONE)
