"""Any order of calls: the real API against a plain dictionary, checked at every step.

The dictionary predicts what each call does; what holds at any time, whatever was called,
the checks of ``tests.history`` judge.
What Hypothesis finds it makes as short as it can; the steps it prints are the calls.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
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

from activelearn.models import TrainingRun
from activelearn.services.ordering import ranking
from activelearn.services.training import experiments, triggers
from labeling.models import AnnotationEvent, Assignment, Item, Job, Project
from labeling.services.queue import giving_back
from labeling.services.votes import counts, settle
from labeling.services.work import jobs
from tests import make
from tests.history.checker import check_at_any_time
from tests.history.checks import answers, lending
from tests.history.here import read_here
from tests.history.record import Final

pytestmark = [pytest.mark.long, pytest.mark.django_db]
LABELS = ("x", "y", "z")
PEOPLE = ("ada", "ben", "cleo")
CONFIDENCE = 0.9
RETRAIN_FIRST = 6
DONE: Counter[str] = Counter()
# What all examples together do at least, or this test has silently become empty.
LEAST = {
    "steps": 150,
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
    "late answers refused": 1,
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

    id: int
    wanted: int
    votes: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    skips: int = 0
    state: str = "open"
    label: answers.Labels | None = None
    by_expert: bool = False
    was_labeled: bool = False
    # Its last label, and how often it was changed to another one.
    known_as: answers.Labels | None = None
    corrections: int = 0
    split: str = "pool"
    is_unsettled: bool = False
    most_wanted: int = 0

    def __post_init__(self) -> None:
        self.want(self.wanted)

    def want(self, votes: int) -> None:
        """Ask for so many votes; slots of a higher number before may be lent still."""
        self.wanted = votes
        self.most_wanted = max(self.most_wanted, votes)

    def close(self, state: str, label: answers.Labels | None) -> None:
        """Ask for no more votes than it has, as long as it keeps them."""
        self.state, self.label = state, label
        self.wanted = min(self.wanted, max(1, len(self.votes)))

    @property
    def is_asked(self) -> bool:
        """Whether people may be asked for it.

        A held-out item that has its label lacks a vote where one of those it had is
        undone. Until it is settled anew, it takes a vote in place of that one.
        """
        is_held_out = self.state == "settled" and self.split == "evaluation"
        lacks_votes = 0 < len(self.votes) < self.wanted
        return self.state == "open" or (is_held_out and lacks_votes)

    def get_label(self, label: answers.Labels | None) -> None:
        """Take a label: the first one counts, and so does each other one after it."""
        self.corrections += self.was_labeled and self.known_as != label
        self.was_labeled, self.known_as = True, label


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
        # Each example has the database for itself.
        self.savepoint = transaction.savepoint()
        # How things stood after the last step.
        self.now: Final
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

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    def look(self) -> Final:
        """Read how things stand, in the transaction of the test."""
        self.now = read_here()
        return self.now

    @initialize(
        overlap=st.integers(1, 3), settled_by=st.sampled_from(["share", "posterior"])
    )
    def create(self, overlap: int, settled_by: str) -> None:
        self.known = len(LABELS) if settled_by == "posterior" else 0
        self.boss = make.Caller(make.user(manager=True))
        draft = {
            "name": "Any order",
            "data_type": "text",
            "task_type": "single",
            "labels": [{"name": name} for name in LABELS],
            "overlap": 1,
            "settled_by": settled_by,
            # The model here asks for one label; rechecks have tests of their own.
            "evaluation_votes": 1,
            "confidence": CONFIDENCE,
            "retrain_first": RETRAIN_FIRST,
        }
        answer = self.boss("post", "projects/", draft)
        assert answer.status_code == 201, answer.content
        self.slug = answer.json()["slug"]
        # What is drawn from the seed must be drawn alike whenever an order is repeated.
        Project.objects.filter(slug=self.slug).update(seed=7)
        self.project = Project.objects.get(slug=self.slug)
        users = {name: make.user(name) for name in (*PEOPLE, "expert")}
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
        self._do_each_once()
        self.change_overlap(overlap, None)
        self.settle()
        for who, label in zip(PEOPLE, LABELS, strict=True):
            for number in self._lend(who, 4):
                self._give(who, number, label)
        self._lend("ada", 2)

    def _do_each_once(self) -> None:
        """Do what must not be missing: what is drawn changes with any source file.

        Two people hold all that is left, so that what one gives back only they can get.
        """
        self.change_overlap(2, None)
        self.settle_and_consider()
        for who in ("ada", "ben"):
            self._lend(who, len(self.items))
        numbers = {name: number for number, name in self.held["ada"].items()}
        disputed, changed, deleted, *names = sorted(numbers, key=numbers.__getitem__)
        self._give("ada", numbers[disputed], "x")
        self._give("ben", self._number("ben", disputed), "y")
        self._adjudicate(disputed, "z")
        # Now both votes say y, and the expert's label stands.
        self._change(("ada", self.given["ada"][-1]), "y", "edit")
        self._give("ada", numbers[changed], "x")
        self._change(("ada", self.given["ada"][-1]), "y", "edit and undo")
        self._delete(deleted, "by a filter")
        for name, way in zip(names, ("skip", "release", "expire"), strict=False):
            self._end(way, "ada", numbers[name])
            self._lend("ada", len(self.items))
        self._answer_late("ada", self._number("ada", changed), "x", "ended", "ada")
        # One vote is enough now: what both hold is closed by the first of them.
        self.change_overlap(2, 1)
        self._give("ben", self._number("ben", names[-1]), "x")
        self.settle()
        self._answer_late("ada", numbers[names[-1]], "y", "ended", "ada")
        self._leave("ben")
        self.export()

    def _number(self, who: str, name: str) -> int:
        """Return the assignment by which a person holds an item."""
        (number,) = (n for n, held in self.held[who].items() if held == name)
        return number

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
        for name in names:
            item = Item.objects.get(project=self.project, external_id=name)
            self.items[name] = Known(item.pk, self.min_votes, split=item.split)
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
        got = {
            lent["assignment"]: lent["item"]["external_id"] for lent in body["items"]
        }
        assert len(got) <= count
        kept = {number: name for number, name in got.items() if number in before}
        assert len(kept) == min(count, len(before))
        for name in set(got.values()) - set(before.values()):
            item = self.items[name]
            assert item.is_asked
            assert who not in item.votes
            assert who not in item.away
            assert len(self.having(name)) < item.wanted
            DONE["items lent"] += 1
        self.held[who].update(got)
        if len(got) < count:
            sent_home = replace(self.look(), sent_home=(who,))
            assert list(lending.nothing_is_left((), sent_home)) == []
        assert bool(got) != bool(body["reason"])
        return list(got)

    def having(self, name: str) -> set[str]:
        """Return who holds an item or has answered it."""
        holders = {who for who in PEOPLE if name in self.held[who].values()}
        return holders | set(self.items[name].votes)

    def with_work(self) -> list[str]:
        """Return who holds items or could get one."""
        return [
            who for who in PEOPLE if self.held[who] or lending.free_for(who, self.now)
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
            who: [n for n, vote in enumerate(given) if not vote.is_undone]
            for who, given in self.given.items()
        }
        who, place = self._pick(data, standing)
        return who, self.given[who][place]

    has_votes = precondition(
        lambda self: any(
            not vote.is_undone for given in self.given.values() for vote in given
        )
    )

    @has_votes
    @rule(
        data=st.data(),
        label=st.sampled_from(LABELS),
        how=st.sampled_from(["edit", "undo", "edit and undo"]),
    )
    def change_vote(self, data: st.DataObject, label: str, how: str) -> None:
        self._change(self._vote(data), label, how)

    def _change(self, vote: tuple[str, Given], label: str, how: str) -> None:
        who, vote_ = vote
        self._replay(who, vote_)
        if how != "undo":
            self._edit(who, vote_, label)
        if how != "edit":
            self._undo(who, vote_)

    def _replay(self, who: str, given: Given) -> None:
        assert self.ask(who, "post", "annotations/", given.body).status_code == 200
        other = {**given.body, "comment": "not what I sent"}
        assert self.ask(who, "post", "annotations/", other).status_code == 422
        again = {**given.body, "client_id": str(uuid.uuid4())}
        assert self.ask(who, "post", "annotations/", again).status_code == 409
        DONE["replays"] += 1

    def _edit(self, who: str, given: Given, label: str) -> None:
        path, body = f"annotations/{given.id}/", {"labels": [label]}
        for age, status in ((1, 412), (0, 200)):
            match = {"If-Match": f'"{given.version - age}"'}
            answer = self.ask(who, "patch", path, body, **match)
            assert answer.status_code == status, answer.content
        given.version += 1
        self._voted(given.item).votes[who] = label
        DONE["edits"] += 1

    def _undo(self, who: str, given: Given) -> None:
        match = {"If-Match": f'"{given.version}"'}
        answer = self.ask(who, "delete", f"annotations/{given.id}/", **match)
        assert answer.status_code == 200, answer.content
        assert self.ask(who, "post", "annotations/", given.body).status_code == 200
        given.is_undone = True
        del self._voted(given.item).votes[who]
        self.held[who][given.body["assignment"]] = given.item
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
        self._answer_late(*self._pick(data, self.held), label, how, other)

    def _answer_late(
        self, who: str, number: int, label: str, how: str, other: str
    ) -> None:
        """Answer what is not held any more; others may have got it meanwhile."""
        end = self._release if how == "released" else self._expire
        name = end(who, number)
        if how != "ended":
            giving_back.reclaim()
            if other != who:
                self._lend(other, len(self.held[other]) + 5)
        body = self._body(number, label)
        answer = self.ask(who, "post", "annotations/", body)
        is_closed = not self.items[name].is_asked
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
            elif item.is_unsettled:
                item.close("settled", item.label)
            item.is_unsettled = False

    def _verdict(self, item: Known) -> tuple[str, answers.Labels | None]:
        """Return what the votes make of an item, and its label."""
        given = [(label,) for label in item.votes.values()]
        policy = self.overlap, self.min_votes, CONFIDENCE, self.known
        return answers.verdict(given, *policy)

    def _settle(self, item: Known) -> None:
        item.state, item.label = self._verdict(item)
        if item.state == "settled":
            item.get_label(item.label)
            DONE["labels by votes"] += 1
        if item.state == "open":
            item.want(max(self.min_votes, len(item.votes) + 1))
        else:
            item.close(item.state, item.label)

    def has_disputes(self) -> bool:
        """Whether settling leaves something for an expert."""
        return "disputed" in (
            self._verdict(item)[0] if item.is_unsettled else item.state
            for item in self.items.values()
            if not item.by_expert
        )

    @precondition(has_disputes)
    @rule(data=st.data(), label=st.sampled_from(LABELS))
    def adjudicate(self, data: st.DataObject, label: str) -> None:
        self.settle()
        disputed = [
            name for name, item in self.items.items() if item.state == "disputed"
        ]
        self._adjudicate(data.draw(st.sampled_from(sorted(disputed))), label)

    def _adjudicate(self, name: str, label: str) -> None:
        """Let the expert see all disputes and decide one, twice."""
        self.settle()
        path = "disagreements/"
        told = {
            result["item"]["external_id"]: result["id"]
            for result in self.ask("expert", "get", path).json()["results"]
        }
        assert told.keys() == {
            name for name, item in self.items.items() if item.state == "disputed"
        }
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
        item.close("settled", (label,))
        item.by_expert = True
        item.get_label(item.label)
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
        stages = {version["number"]: version["stage"] for version in listed}
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
        self.champions = [
            champion for champion in self.champions if champion != number
        ] + [number]
        DONE[f"champions by {action.replace('promote', 'promotion')}"] += [
            number
        ] != before
        self.work("learn.score")
        assert set(self.look().scored_by) <= {number}

    def _consider(self) -> None:
        """Two schedulers at once change nothing."""
        labels = sum(
            item.was_labeled + item.corrections
            for item in self.items.values()
            if item.split == "pool"
        )
        # Labels that were counted then may have been deleted since.
        self.labels_then = min(self.labels_then, labels)
        if labels >= self.look().retrains.due_after(self.labels_then):
            self.fired, self.labels_then = self.fired + 1, labels
            DONE["thresholds"] += 1
        for _ in range(2):
            triggers.consider(self.project.pk)
            told = self.look().retrains
            assert told.first == RETRAIN_FIRST
            assert (told.fired, told.labels) == (self.fired, self.labels_then)

    @precondition(lambda self: len(self.items) > 12)
    @rule(data=st.data(), how=st.sampled_from(["one", "by a filter"]))
    def delete(self, data: st.DataObject, how: str) -> None:
        self._delete(data.draw(st.sampled_from(sorted(self.items))), how)

    def _delete(self, name: str, how: str) -> None:
        """An item goes with its votes; who holds it is told when they answer."""
        holders = [
            (who, number)
            for who, held in self.held.items()
            for number, item in held.items()
            if item == name
        ]
        if how == "one":
            pk = self.items[name].id
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
            who: [vote for vote in given if vote.item != name]
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
    def no_promise_is_broken(self) -> None:
        DONE["steps"] += 1
        assert check_at_any_time(self.look()) == []
        # Also the counters that no history knows.
        assert counts.reconcile(self.project.pk) == 0
        told = self.boss("get", self.at("")).json()["counts"]
        assert told["votes"] == self.now.counters["votes"]
        self._compare_people()
        self._compare_items()
        self._compare_models()

    def _compare_people(self) -> None:
        items = self.items.values()
        live = [loan for loan in self.now.loans if loan.state in lending.LIVE]
        assert sorted((loan.item, loan.user) for loan in live) == sorted(
            (item.id, who)
            for name, item in self.items.items()
            for who in self.having(name)
        )
        votes = [vote for vote in self.now.votes if not vote.is_undone]
        assert sorted((vote.item, vote.user, vote.labels) for vote in votes) == sorted(
            (item.id, who, (label,))
            for item in items
            for who, label in item.votes.items()
        )
        assert self.now.counters["skips"] == sum(item.skips for item in items)

    def _compare_items(self) -> None:
        assert len(self.now.items) == len(self.items)
        rows = {row.id: row for row in self.now.items}
        for name, item in self.items.items():
            row = rows[item.id]
            assert row.state == item.state, name
            if row.state == "open":
                assert row.wanted == item.wanted, name
            if not row.is_unsettled:
                is_counted = item.was_labeled and item.split == "pool"
                assert (row.label, row.was_labeled) == (item.label, is_counted), name
                assert row.corrections == is_counted * item.corrections, name
            assert len(self.having(name)) <= item.most_wanted, name

    def _compare_models(self) -> None:
        serving = [
            version.number
            for version in self.now.versions
            if version.stage == "champion"
        ]
        assert serving == self.champions[-1:]
        assert sum(job.endswith("learn.train") for job in self.now.open_jobs) <= 1
        assert len(self.now.retrains.runs) <= self.now.retrains.fired


@pytest.mark.parametrize("orders", [4, pytest.param(16, marks=pytest.mark.soak)])
def test_any_order_of_calls_keeps_every_promise(orders: int) -> None:
    """The same orders for the same sources; ``ASSAY_EXAMPLES=500`` looks for new ones.

    Hypothesis draws constants of the sources, too: LEAST holds by what each order begins with.
    """
    more = os.environ.get("ASSAY_EXAMPLES")
    DONE.clear()
    run_state_machine_as_test(
        Labeling,
        settings=settings(
            max_examples=int(more or orders),
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
        name: DONE[name]
        for name, least in LEAST.items()
        if DONE[name] < least * (orders // 16)
    }
    assert not done_too_seldom, dict(DONE)
    assert DONE["votes"] >= 30


def test_a_held_out_item_takes_a_late_vote_in_place_of_one_that_is_undone() -> None:
    """Sources draw this seldom, and where a machine is slow: order hangs on ten seconds."""
    calls = Labeling()
    calls.create(2, "share")
    calls.change_overlap(2, 2)
    calls.import_items(18)
    calls.rank()
    for who in ("ada", "ben"):
        calls._lend(who, 40)
    both = {*calls.held["ada"].values()} & {*calls.held["ben"].values()}
    name = min(name for name in both if calls.items[name].split == "evaluation")
    for who in ("ada", "ben"):
        calls._give(who, calls._number(who, name), "x")
    calls.settle()
    assert calls.items[name].state == "settled"
    calls._undo("ben", calls.given["ben"][-1])

    calls._answer_late("ben", calls._number("ben", name), "y", "ended", "ada")

    assert set(calls.items[name].votes) == {"ada", "ben"}
    calls.no_promise_is_broken()
    calls.teardown()
