"""Any order of calls: the real API against a plain dictionary, checked at every step.

What Hypothesis finds it makes as short as it can; the steps it prints are the calls.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
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
from activelearn.services import ranking, triggers
from labeling.models import Assignment, Item, Job, Project, ProjectCounter, QueueEntry
from labeling.services import jobs, queue, settle
from tests import make

pytestmark = [pytest.mark.long, pytest.mark.django_db]
LABELS = ("x", "y", "z")
PEOPLE = ("ada", "ben", "cleo")


@dataclass
class Known:
    """An item as the plain model has it."""

    wanted: int
    votes: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    state: str = "open"
    label: str | None = None
    by_expert: bool = False
    was_labeled: bool = False
    split: str = "pool"
    is_unsettled: bool = False


@dataclass
class Given:
    """A vote that the server has confirmed."""

    id: int
    body: dict[str, Any]
    item: str
    version: int = 1
    is_undone: bool = False


class Labeling(RuleBasedStateMachine):
    """A project of three annotators and an expert, by its API alone."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, Known] = {}
        self.held: dict[str, dict[int, str]] = {name: {} for name in PEOPLE}
        self.given: dict[str, list[Given]] = {name: [] for name in PEOPLE}
        self.overlap, self.min_votes = 1, 1
        self.skips = 0
        self.trained = 0

    @initialize(overlap=st.integers(1, 3))
    def create(self, overlap: int) -> None:
        self.overlap = overlap
        self.boss = make.Caller(make.user(manager=True))
        draft = {
            "name": "Any order",
            "data_type": "text",
            "task_type": "single",
            "labels": [{"name": name} for name in LABELS],
            "overlap": overlap,
            "confidence": 0.9,
            "retrain_first": 6,
        }
        answer = self.boss("post", "projects/", draft)
        assert answer.status_code == 201, answer.content
        self.slug = answer.json()["slug"]
        # Where only an overlap is named, the least number of votes follows it.
        self.min_votes = answer.json()["min_votes"]
        assert self.min_votes == overlap
        self.project = Project.objects.get(slug=self.slug)
        users = {name: make.user() for name in (*PEOPLE, "expert")}
        for name, user in users.items():
            role = "expert" if name == "expert" else "annotator"
            body = {"user": user.username, "role": role}
            assert self.boss("post", self.at("members/"), body).status_code == 201
        self.calls = {name: make.Caller(user) for name, user in users.items()}
        self.import_items(6)

    def at(self, path: str) -> str:
        return f"projects/{self.slug}/{path}"

    def ask(
        self, who: str, method: str, path: str, body: Any = None, **more: Any
    ) -> Any:
        answer = self.calls[who](method, self.at(path), body, **more)
        assert answer.status_code < 500, answer.content
        return answer

    @rule(count=st.integers(1, 8))
    def import_items(self, count: int) -> None:
        first = len(self.items)
        names = [f"i{number}" for number in range(first, first + count)]
        rows = [
            {"external_id": name, "text": f"text {name} {LABELS[number % 3]}"}
            for number, name in enumerate(names)
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

    def work(self, *kinds: str) -> None:
        """Do what the workers would do with the jobs that wait."""
        for job in Job.objects.filter(
            project=self.project, state="queued", kind__in=kinds
        ):
            jobs.run(job.pk)

    @rule(who=st.sampled_from(PEOPLE), count=st.integers(1, 6))
    def lease(self, who: str, count: int) -> None:
        before = dict(self.held[who])
        body = self.ask(who, "post", "queue/lease/", {"count": count}).json()
        got = {one["assignment"]: one["item"]["external_id"] for one in body["items"]}
        assert len(got) <= count
        kept = {number: name for number, name in got.items() if number in before}
        assert len(kept) == min(count, len(before))
        for name in set(got.values()) - set(before.values()):
            item = self.items[name]
            assert who not in item.votes
            assert who not in item.away
        self.held[who].update(got)
        missing = [name for name in self.items if self.could_have(who, name)]
        if len(got) < count:
            assert missing == [], f"{who} got {len(got)} of {count}"
        assert bool(got) != bool(body["reason"])

    def could_have(self, who: str, name: str) -> bool:
        """Whether an item lies free for a person who has not got it."""
        item = self.items[name]
        holders = {one for one in PEOPLE if name in self.held[one].values()}
        return (
            item.state == "open"
            and who not in item.votes
            and who not in item.away
            and who not in holders
            and len(holders | set(item.votes)) < item.wanted
        )

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data(), label=st.sampled_from(LABELS))
    def submit(self, data: st.DataObject, label: str) -> None:
        who, number = self._pick(data, self.held)
        name = self.held[who][number]
        body = {
            "assignment": number,
            "labels": [label],
            "client_id": str(uuid.uuid4()),
        }
        answer = self.ask(who, "post", "annotations/", body)
        assert answer.status_code == 201, answer.content
        del self.held[who][number]
        self._voted(name).votes[who] = label
        self.given[who].append(Given(answer.json()["id"], body, name))

    def _voted(self, name: str) -> Known:
        self.items[name].is_unsettled = True
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
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        who, one = self._vote(data)

        assert self.ask(who, "post", "annotations/", one.body).status_code == 200
        other = {**one.body, "comment": "not what I sent"}
        assert self.ask(who, "post", "annotations/", other).status_code == 422
        again = {**one.body, "client_id": str(uuid.uuid4())}
        assert self.ask(who, "post", "annotations/", again).status_code == 409

    @has_votes
    @rule(data=st.data(), label=st.sampled_from(LABELS), age=st.integers(0, 1))
    def edit(self, data: st.DataObject, label: str, age: int) -> None:
        who, one = self._vote(data)
        match = {"If-Match": f'"{one.version - age}"'}
        body = {"labels": [label]}
        answer = self.ask(who, "patch", f"annotations/{one.id}/", body, **match)
        assert answer.status_code == (412 if age else 200)
        if not age:
            one.version += 1
            self._voted(one.item).votes[who] = label

    @has_votes
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        who, one = self._vote(data)
        match = {"If-Match": f'"{one.version}"'}
        answer = self.ask(who, "delete", f"annotations/{one.id}/", **match)
        assert answer.status_code == 200, answer.content
        one.is_undone = True
        del self._voted(one.item).votes[who]
        self.held[who][one.body["assignment"]] = one.item

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        who, number = self._pick(data, self.held)
        answer = self.ask(who, "post", f"assignments/{number}/skip/", {})
        assert answer.status_code == 200, answer.content
        self.items[self.held[who].pop(number)].away.add(who)
        self.skips += 1

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        who, number = self._pick(data, self.held)
        assert (
            self.ask(who, "post", f"assignments/{number}/release/", {}).status_code
            == 200
        )
        del self.held[who][number]

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        who, number = self._pick(data, self.held)
        past = timezone.now() - timedelta(minutes=1)
        Assignment.objects.filter(pk=number).update(expires_at=past)
        queue.reclaim()
        del self.held[who][number]

    @rule()
    def settle(self) -> None:
        settle.settle_project(self.project.pk)
        for item in self.items.values():
            if item.is_unsettled and not item.by_expert:
                self._settle(item)
            item.is_unsettled = False

    def _settle(self, item: Known) -> None:
        given = Counter(item.votes.values())
        most = max(self.overlap, len(item.votes))
        ranked = given.most_common(2)
        is_clear = (
            len(item.votes) >= min(self.min_votes, most)
            and ranked[0][1] / len(item.votes) >= 0.9
            and ranked[0][1] != (ranked[1][1] if len(ranked) > 1 else 0)
        )
        if is_clear:
            item.state, item.label = "settled", ranked[0][0]
            item.was_labeled = True
        else:
            item.state = "disputed" if len(item.votes) >= most else "open"
            item.label = None
        if item.state == "open":
            item.wanted = min(max(min(self.min_votes, most), len(item.votes) + 1), most)

    @rule()
    def adjudicate(self) -> None:
        self.settle()
        path = "disagreements/"
        for one in self.ask("expert", "get", path).json()["results"][:1]:
            place = f"{path}{one['id']}"
            blind = self.ask("expert", "post", f"{place}/blind/", {"labels": ["x"]})
            assert blind.status_code == 200, blind.content
            done = self.ask("expert", "post", f"{place}/resolve/", {"label": "x"})
            assert done.status_code == 200, done.content
            item = self.items[one["item"]["external_id"]]
            assert item.state == "disputed"
            item.state, item.label, item.by_expert = "settled", "x", True
            item.was_labeled = True

    @rule(overlap=st.integers(1, 3), min_votes=st.integers(1, 3))
    def change_overlap(self, overlap: int, min_votes: int) -> None:
        body = {"overlap": overlap, "min_votes": min_votes}
        status = self.boss("patch", self.at(""), body).status_code
        assert status == (200 if min_votes <= overlap else 400)
        if status == 200:
            is_new = (overlap, min_votes) != (self.overlap, self.min_votes)
            self.overlap, self.min_votes = overlap, min_votes
            for item in self.items.values():
                if is_new and item.state == "open":
                    item.is_unsettled = True
                    item.wanted = min_votes

    @rule()
    def rank(self) -> None:
        ranking.rank(Project.objects.get(pk=self.project.pk))

    @precondition(lambda self: self.trained < 2)
    @rule()
    def retrain(self) -> None:
        self.trained += 1
        answer = self.boss("post", self.at("training-runs/"), {"reason": "to see"})
        assert answer.status_code == 202, answer.content
        again = self.boss("post", self.at("training-runs/"), {})
        assert again.status_code == 200
        self.work("learn.train", "learn.score")

    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        numbers = ModelVersion.objects.filter(project=self.project).values_list(
            "number", flat=True
        )
        if not numbers:
            return
        number = data.draw(st.sampled_from(sorted(numbers)))
        answer = self.boss("post", self.at(f"models/{number}/promote/"), {})
        assert answer.status_code in (200, 409), answer.content
        if answer.status_code == 200:
            champion = ModelVersion.objects.get(project=self.project, stage="champion")
            assert champion.number == number

    @rule()
    def consider(self) -> None:
        """Two schedulers at once change nothing."""
        self.settle()
        triggers.consider(self.project.pk)
        before = TrainingRun.objects.filter(project=self.project).count()
        triggers.consider(self.project.pk)
        assert TrainingRun.objects.filter(project=self.project).count() == before

    @rule(who=st.sampled_from(PEOPLE))
    def leave(self, who: str) -> None:
        """A person goes and comes back: what they held went to others meanwhile."""
        self.held[who] = {}
        user = self.calls[who].who
        make.leave(self.project, user)
        assert self.calls[who]("get", self.at("")).status_code == 404
        body = {"user": user.username, "role": "annotator"}
        assert self.boss("post", self.at("members/"), body).status_code == 201

    @invariant()
    def nothing_is_lent_or_answered_too_often(self) -> None:
        if not self.items:
            return
        rows = Assignment.objects.filter(
            project=self.project, state__in=Assignment.LIVE
        )
        live = Counter(rows.values_list("item_id", flat=True))
        slots = Counter(rows.values_list("item_id", "slot"))
        assert not slots or max(slots.values()) == 1
        assert all(count <= 3 for count in live.values())
        queued = set(
            QueueEntry.objects.filter(project=self.project).values_list(
                "item_id", "slot"
            )
        )
        assert not queued & set(slots)

    @invariant()
    def the_export_says_what_the_dictionary_says(self) -> None:
        if not self.items:
            return
        answer = self.boss("get", self.at("export/?format=jsonl"))
        assert answer.status_code == 200
        rows = [json.loads(line) for line in self._lines(answer)]
        told = {row["external_id"]: row for row in rows}
        assert told.keys() == self.items.keys()
        for name, item in self.items.items():
            votes = Counter(vote["labels"][0] for vote in told[name]["votes"])
            assert votes == Counter(item.votes.values()), name

    def _lines(self, answer: Any) -> Iterator[str]:
        return (
            line
            for line in b"".join(answer.streaming_content).decode().splitlines()
            if line
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
        told = self.boss("get", self.at("")).json()["counts"]
        assert told["votes"] == sum(len(item.votes) for item in self.items.values())
        counters = ProjectCounter.objects.filter(project=self.project)
        assert sum(counters.values_list("skips", flat=True)) == self.skips
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
        assert champions.count() <= 1
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
            max_examples=int(more or 15),
            derandomize=not more,
            database=None,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
