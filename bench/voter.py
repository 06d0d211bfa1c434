"""What a model's answers are worth as one more voter, on real data by simulated people.

The items of a data set are answered batch by batch by people who are right in 85 % of
their answers. The product's own functions settle them, fit the skills, and make the
models; what is disputed at the end of a batch an expert answers, who is right. The model
votes on what it has not learned from, and on the rest by models of the other folds.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np

from activelearn.core import crossfit, training
from bench import sets
from bench.consensus import CONFIDENCE, PEOPLE
from bench.row import row
from labeling import rules
from labeling.quality import consensus, skills
from labeling.quality.opinions import Opinion, Voice, weight_of

SETS: Final = ("digits", "nsmc_korean", "naijasenti", "telco_churn", "hwu64")
ITEMS: Final = 1500
BATCH: Final = 100
ASKED: Final = ((3, 3), (2, 3))
SPREAD: Final = 0.1
RIGHT: Final = 0.85
# A run starts after this many more labels, as in the product.
GROWTH: Final = 1.2
FIRST: Final = 20
MODEL: Final = -1
MOST_TO_EXPERTS: Final = 0.15

Labels = tuple[str, ...]
# Nobody, or the model: on what it has not learned from, on all by cross-fitting; the last
# by how often it is right alone, whatever probability it says.
Voter = str
BY_SKILL: Final = "cross-fitted, by skill"


@dataclass
class Project:
    """One project: its items with the votes on them, and what became of these."""

    rows: Any
    truth: list[Labels]
    least: int
    most: int
    voter: Voter
    votes: dict[int, list[tuple[int, Labels]]] = field(default_factory=dict)
    labels: dict[int, Labels] = field(default_factory=dict)
    experts: set[int] = field(default_factory=set)
    opinions: dict[int, Labels] = field(default_factory=dict)
    skill: dict[int, float] = field(default_factory=dict)
    sure: dict[int, float] = field(default_factory=dict)
    model: Voice | None = None
    learned: int = 0
    known_votes: int = 0
    asked: int = 0
    spoke: int = 0

    @property
    def categories(self) -> int:
        """How many labels there are."""
        return max(2, len(set(self.truth)))

    def decided(self, item: int) -> tuple[str, Labels]:
        """Return what the votes on an item make of it, as the product does."""
        votes = self.votes[item]
        voters = {who for who, _ in votes}
        ranked = sorted(self.skill.items(), key=lambda pair: -pair[1])
        terms = consensus.SettlingTerms(
            label_count=self.categories,
            is_multi=False,
            min_votes=self.least,
            max_votes=self.most,
            confidence=CONFIDENCE,
            ahead=list(
                islice((s for who, s in ranked if who not in voters), self.most)
            ),
        )
        ballots = [
            consensus.Ballot(labels, self.skill.get(who, consensus.UNKNOWN))
            for who, labels in votes
        ]
        if self.model and item in self.opinions:
            self.spoke += 1
            labels = self.opinions[item]
            sure = dict.fromkeys(labels, self.sure[item])
            ballots.append(self.model.ballot(labels, sure, self.categories))
        verdict, belief = consensus.decided(ballots, terms)
        return verdict, belief.labels

    def settle(self, item: int, coming: Sequence[tuple[int, Labels]]) -> None:
        """Ask for votes until the rule is content, or has had enough."""
        self.votes[item] = []
        for vote in coming[: self.most]:
            self.votes[item].append(vote)
            self.asked += 1
            verdict, labels = self.decided(item)
            if verdict == "settled":
                self.labels[item] = labels
            if verdict != "open":
                return

    def fit_skills(self) -> None:
        """Fit the skills anew where a tenth more votes have come; settle what is open."""
        if not skills.is_due(self.known_votes, self.asked):
            return
        self.known_votes = self.asked
        votes = [
            skills.SkillVote(item, who, labels)
            for item, given in self.votes.items()
            for who, labels in given
        ]
        spoken = [
            Opinion(item, labels, self.sure[item])
            for item, labels in self.opinions.items()
            if item in self.votes
        ]
        of_model = [
            skills.SkillVote(each.question, MODEL, each.category) for each in spoken
        ]
        known: dict[Hashable, Hashable] = {
            item: self.truth[item] for item in self.experts
        }
        fitted = skills.fitted([*votes, *of_model], known, self.categories)
        model = fitted.pop(MODEL, None)
        self.skill = {who: skill.value for who, skill in fitted.items()}
        self.model = None
        if model and (skill := skills.of_model(model)):
            weight = None
            if self.voter != BY_SKILL:
                weight = weight_of(spoken, votes, self.skill, known, self.categories)
            self.model = Voice(skill, weight)
        for item in self.votes.keys() - self.labels.keys():
            verdict, labels = self.decided(item)
            if verdict == "settled":
                self.labels[item] = labels

    def ask_experts(self) -> None:
        """Let experts answer what is disputed."""
        for item in self.votes.keys() - self.labels.keys():
            self.experts.add(item)
            self.labels[item] = self.truth[item]

    def retrain(self) -> None:
        """Make a model where a fifth more labels have come, and ask it of every item."""
        due = max(FIRST, GROWTH * self.learned)
        if self.voter == "nobody" or len(self.labels) < due:
            return
        items = sorted(self.labels)
        targets = [self.labels[item] for item in items]

        def fit(places: list[int]) -> training.LinearModel | None:
            chosen = [targets[place] for place in places]
            if len(set(chosen)) < 2:
                return None
            rows = self.rows[[items[place] for place in places]]
            return training.fit(rows, chosen, is_multi=False)

        if (model := fit(list(range(len(items))))) is None:
            return
        self.learned = len(items)
        table = model.probabilities(self.rows)
        every = training.predicted_labels(model, table)
        self.opinions = {
            item: labels for item, labels in enumerate(every) if item not in self.labels
        }
        self.sure = dict(enumerate(table.max(axis=1).tolist()))
        if self.voter != "unlearned":
            groups = np.arange(len(items))
            lot = crossfit.Lot(items, self.rows[items], targets, groups)
            crossed = crossfit.crossed(fit, lot, model.labels)
            best = crossed.scores.argmax(axis=1)
            sure = model.of_scores(crossed.scores).max(axis=1).tolist()
            self.sure |= dict(zip(crossed.ids.tolist(), sure, strict=True))
            self.opinions |= {
                int(item): (crossed.labels[place],)
                for item, place in zip(crossed.ids, best, strict=True)
            }


@dataclass(frozen=True)
class Outcome:
    """Shares of the items that experts got and that are right; votes an item."""

    to_experts: float
    right: float
    votes: float
    heard: float


def played(name: str, voter: Voter, least: int, most: int) -> Outcome:
    """Return what comes of a project whose model has this say."""
    rows, truth = sets.loaded(name)
    rows, truth = rows[: min(ITEMS, len(truth))], truth[:ITEMS]
    project = Project(rows, truth, least, most, voter)
    rng = np.random.default_rng(7)
    people = np.linspace(RIGHT - SPREAD, RIGHT + SPREAD, PEOPLE)
    names = sorted({labels[0] for labels in truth})
    for start in range(0, len(truth), BATCH):
        for item in range(start, min(start + BATCH, len(truth))):
            project.settle(item, _votes(truth[item][0], names, people, rng))
            project.fit_skills()
        project.ask_experts()
        project.retrain()
    right = sum(project.labels[item] == truth[item] for item in project.labels)
    n = len(truth)
    return Outcome(
        len(project.experts) / n, right / n, project.asked / n, project.spoke / n
    )


def _votes(
    right: str, names: list[str], people: Any, rng: Any
) -> list[tuple[int, Labels]]:
    asked = rng.permutation(len(people))
    others = [name for name in names if name != right]
    wrong = rng.integers(len(others), size=len(people))
    is_right = rng.random(len(people)) < people[asked]
    return [
        (int(who), (right if hit else others[other],))
        for who, hit, other in zip(asked, is_right, wrong, strict=True)
    ]


def rows(only: str = "") -> list[dict[str, Any]]:
    """Compare, on each set at hand, no model, one on new items, one on all."""
    if only != "voter" and not only.startswith("voter-"):
        return []
    wanted = [name for name in SETS if only in {"voter", f"voter-{name}"}]
    return [
        _row(name, least, most)
        for name in wanted
        if sets.is_at_hand(name)
        for least, most in ASKED
    ]


def suspected(name: str) -> dict[str, tuple[int, int]]:
    """Return how many labels are suspects, and how many of these are wrong.

    Each label is by one person. A suspect is contradicted by a sure prediction: of the
    model that has learned from it, or of another one.
    """
    rows, truth = sets.loaded(name)
    rows, truth = rows[: min(ITEMS, len(truth))], truth[:ITEMS]
    rng = np.random.default_rng(7)
    people = np.linspace(RIGHT - SPREAD, RIGHT + SPREAD, PEOPLE)
    names = sorted({labels[0] for labels in truth})
    given = [_votes(labels[0], names, people, rng)[0][1] for labels in truth]

    def fit(places: list[int]) -> training.LinearModel:
        return training.fit(rows[places], [given[p] for p in places], is_multi=False)

    every = list(range(len(given)))
    model = fit(every)
    lot = crossfit.Lot(every, rows, given, np.arange(len(given)))
    crossed = crossfit.crossed(fit, lot, model.labels)
    tables = {"in sample": model.probabilities(rows)[crossed.ids]}
    tables["cross-fitted"] = model.of_scores(crossed.scores)
    listed = {}
    for kind, table in tables.items():
        sure = table.max(axis=1) >= rules.SURE
        best = [model.labels[place] for place in table.argmax(axis=1)]
        wrong = [
            given[item] != truth[item]
            for item, label, is_sure in zip(crossed.ids, best, sure, strict=True)
            if is_sure and (label,) != given[item]
        ]
        listed[kind] = len(wrong), sum(wrong)
    return listed


def _row(name: str, least: int, most: int) -> dict[str, Any]:
    outcomes = {
        voter: played(name, voter, least, most)
        for voter in ("nobody", "unlearned", "cross-fitted", BY_SKILL)
    }
    detail = f"{least} to {most} votes; " + "; ".join(
        f"{voter}: to experts {o.to_experts:.1%}, right {o.right:.3f}, votes {o.votes:.2f}, heard {o.heard:.2f}"
        for voter, o in outcomes.items()
    )
    listed = "; ".join(
        f"{kind}: {wrong} of {count} suspects wrong"
        for kind, (count, wrong) in suspected(name).items()
    )
    detail += f"; by one person each, {listed}"
    share = outcomes["cross-fitted"].to_experts
    return row(f"voter-{name}", share, "to experts", MOST_TO_EXPERTS, detail)
