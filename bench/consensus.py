"""Where votes lead by each rule: what experts get, what is right, which votes are in vain.

Simulated people vote item by item, and recorded crowds vote again in the order of their
record. The product's own functions say after each vote whether the item is settled, one
more vote is asked for, or an expert is; the skills are fitted anew whenever the product
would do so. Experts are taken to be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np

from bench import sets
from bench.row import row
from labeling import rules
from labeling.quality import consensus, skills
from labeling.quality.opinions import Opinion, Voice, weight_of

RECORDED: Final = ("snow_rte", "snow_temporal", "shape_images")
ITEMS: Final = 3000
PEOPLE: Final = 12
# The fewest and the most votes of an item.
ASKED: Final = ((3, 3), (2, 3), (2, 5))
CONFIDENCE: Final = 0.9
MOST_TO_EXPERTS: Final = 0.15
GOAL: Final = 0.97

# Who is no person among those who say something of an item.
MODEL: Final = -1
MODEL_RIGHT: Final = 0.85

Labels = rules.Labels


class CrowdAnswer(NamedTuple):
    """What a person says of an item, or the model, which also says how sure it is."""

    who: int
    labels: Labels
    sure: float = 1.0


# What each person who is asked, or the model, says of an item, in order.
Opinions = list[CrowdAnswer]


@dataclass(frozen=True)
class Task:
    """Items with the votes they would get, and what is right."""

    name: str
    label_count: int
    votes: list[Opinions]
    truth: list[Labels]
    # How often each person is right, where that is known.
    skill: Mapping[int, float] = field(default_factory=dict)


@dataclass
class Tally:
    """What became of some items, counted."""

    items: int = 0
    to_experts: int = 0
    right: int = 0
    settled_right: int = 0
    votes: int = 0
    in_vain: int = 0


def simulated(label_count: int, spread: float, seed: int, most: int) -> Task:
    """Return items for people who are right in 85 % of their answers on average."""
    rng = np.random.default_rng(seed)
    right = np.linspace(0.85 - spread, 0.85 + spread, PEOPLE)
    truth = rng.integers(label_count, size=ITEMS)
    votes: list[Opinions] = []
    for label in truth:
        asked = rng.permutation(PEOPLE)[:most]
        wrong = (label + rng.integers(1, label_count, size=most)) % label_count
        is_right = rng.random(most) < right[asked]
        voted = np.where(is_right, label, wrong)
        votes.append(
            [
                CrowdAnswer(int(who), (f"c{vote}",))
                for who, vote in zip(asked, voted, strict=True)
            ]
        )
    name = f"{label_count} labels, skills .85 ± {spread:.2f}".replace("0.", ".")
    skill = dict(enumerate(right.tolist()))
    return Task(name, label_count, votes, [(f"c{label}",) for label in truth], skill)


def with_model(task: Task, seed: int) -> Task:
    """Return the task with a model that is right in 85 % of its answers.

    On some items it is sure and on others it is not, and as often right as it says.
    """
    rng = np.random.default_rng(seed)
    chance = 1 / task.label_count
    mean = (MODEL_RIGHT - chance) / (1 - chance)
    sure = chance + (1 - chance) * rng.beta(3 * mean, 3 * (1 - mean), len(task.votes))
    votes: list[Opinions] = []
    for opinions, (right,), share in zip(task.votes, task.truth, sure, strict=True):
        wrong = (
            int(right[1:]) + int(rng.integers(1, task.label_count))
        ) % task.label_count
        label = right if rng.random() < share else f"c{wrong}"
        votes.append([CrowdAnswer(MODEL, (label,), float(share)), *opinions])
    return replace(task, name=f"{task.name}, and a model", votes=votes)


def people(opinions: Opinions) -> Opinions:
    """Return what people say."""
    return [answer for answer in opinions if answer.who != MODEL]


def recorded(name: str, most: int) -> Task | None:
    """Return a recorded crowd of this many votes, or None where the set is not at hand."""
    if not sets.is_at_hand(name):
        return None
    gold = {line["item_id"]: (line["label"],) for line in sets.table(name, "gold")}
    opinions: dict[str, Opinions] = {item: [] for item in gold}
    people: dict[str, int] = {}
    for line in sets.table(name, "annotations"):
        if line["item_id"] in opinions:
            who = people.setdefault(line["annotator_id"], len(people))
            opinions[line["item_id"]].append(CrowdAnswer(who, (line["label"],)))
    kept = [item for item, votes in opinions.items() if len(votes) >= most]
    names = {answer.labels for item in kept for answer in opinions[item]}
    return Task(name, len(names), [opinions[i] for i in kept], [gold[i] for i in kept])


def fewest(sure: Sequence[float], right: float) -> float:
    """Return the least share of items that experts have to get for so many right labels.

    sure: of each item, how likely its likeliest answer is right, as whoever knows
    everybody's skill would say; no rule that sees nothing but the votes says it better.
    Experts are right, so it is best to give them the least likely ones.
    """
    wrong = 1 - np.sort(np.array(sure))[::-1]
    allowed = (1 - right) * len(wrong)
    errors = np.cumsum(wrong)
    settled = int(np.searchsorted(errors, allowed, side="right"))
    before = errors[settled - 1] if settled else 0.0
    # Of the next kind of items, lot decides which part is settled.
    part = (allowed - before) / wrong[settled] if settled < len(wrong) else 0.0
    return float(1 - (settled + part) / len(wrong))


def sureness(task: Task, votes: int) -> list[float]:
    """Return of each item how likely its likeliest answer is by its first votes.

    By the skills that the people of a task really have.
    """
    terms = consensus.SettlingTerms(task.label_count, False, votes, votes, CONFIDENCE)
    return [
        consensus.belief(
            [
                consensus.Ballot(answer.labels, task.skill[answer.who])
                for answer in people(opinions)[:votes]
            ],
            terms,
        ).confidence
        for opinions in task.votes
    ]


class Share:
    """The rule that counts votes."""

    def __init__(self, _: Task, least: int, most: int) -> None:
        self.least, self.most = least, most

    def verdict(self, opinions: Opinions) -> tuple[str, Labels]:
        outcome = rules.consensus(
            [answer.labels for answer in people(opinions)],
            min_votes=self.least,
            max_votes=self.most,
            confidence=CONFIDENCE,
        )
        return outcome.verdict, outcome.labels

    def is_in_vain(self, opinions: Opinions) -> bool:
        """Whether no further votes could settle it."""
        given = people(opinions)
        return all(
            self.verdict([*given, *[answer] * (self.most - len(given))])[0] != "settled"
            for answer in given
        )

    def learn(self, votes: Sequence[Opinions]) -> None:
        """Nothing is learned of people."""


class Posterior:
    """The rule that asks how likely an answer is."""

    by_probability = True

    def __init__(self, task: Task, least: int, most: int) -> None:
        self.task, self.least, self.most = task, least, most
        self.skill: dict[int, float] = {}
        self.model: Voice | None = None
        self.known_votes = 0

    def terms(self, opinions: Opinions) -> consensus.SettlingTerms:
        voters = {answer.who for answer in opinions}
        ranked = sorted(self.skill.items(), key=lambda pair: -pair[1])
        return consensus.SettlingTerms(
            label_count=self.task.label_count,
            is_multi=False,
            min_votes=self.least,
            max_votes=self.most,
            confidence=CONFIDENCE,
            ahead=[skill for who, skill in ranked if who not in voters][: self.most],
        )

    def ballots(self, opinions: Opinions) -> list[consensus.Ballot]:
        ballots = [
            consensus.Ballot(
                answer.labels, self.skill.get(answer.who, consensus.UNKNOWN)
            )
            for answer in people(opinions)
        ]
        if ballots and self.model:
            ballots += [
                self.model.ballot(
                    answer.labels,
                    dict.fromkeys(answer.labels, answer.sure),
                    max(2, self.task.label_count),
                )
                for answer in opinions
                if answer.who == MODEL
            ]
        return ballots

    def verdict(self, opinions: Opinions) -> tuple[str, Labels]:
        verdict, belief = consensus.decided(
            self.ballots(opinions), self.terms(opinions)
        )
        return verdict, belief.labels

    def is_in_vain(self, opinions: Opinions) -> bool:
        """Whether no further votes could settle it, by those who are left."""
        terms = self.terms(opinions)
        label = consensus.belief(self.ballots(opinions), terms).labels
        more = [
            consensus.Ballot(label, skill)
            for skill in [*terms.ahead, *[consensus.UNKNOWN] * self.most]
        ][: self.most - len(people(opinions))]
        best = consensus.belief([*self.ballots(opinions), *more], terms)
        return best.least < CONFIDENCE

    def learn(self, votes: Sequence[Opinions]) -> None:
        """Fit the skills anew where a tenth more votes have come."""
        count = sum(len(people(opinions)) for opinions in votes)
        if not skills.is_due(self.known_votes, count):
            return
        self.known_votes = count
        given = [
            skills.SkillVote(item, answer.who, answer.labels)
            for item, opinions in enumerate(votes)
            for answer in opinions
        ]
        categories = max(2, self.task.label_count)
        known = skills.fitted(given, {}, categories)
        model = known.pop(MODEL, None)
        self.skill = {who: skill.value for who, skill in known.items()}
        spoken = [
            Opinion(item, answer.labels, answer.sure)
            for item, opinions in enumerate(votes)
            for answer in opinions
            if answer.who == MODEL
        ]
        if model and (skill := skills.of_model(model)):
            weight = None
            if self.by_probability:
                weight = weight_of(spoken, given, self.skill, {}, categories)
            self.model = Voice(skill, weight)


class BySkill(Posterior):
    """The same, but each answer of a model counts as often as it is right."""

    by_probability = False


def played(task: Task, rule: Share | Posterior) -> Tally:
    """Ask for votes, item by item, until the rule is content or has had enough."""
    tally, given = Tally(), []
    for coming, truth in zip(task.votes, task.truth, strict=True):
        opinions: Opinions = [vote for vote in coming if vote.who == MODEL]
        verdict: str = "open"
        labels: Labels = ()
        for votes, vote in enumerate(people(coming)[: rule.most]):
            if votes >= rule.least:
                tally.in_vain += rule.is_in_vain(opinions)
            opinions.append(vote)
            verdict, labels = rule.verdict(opinions)
            if verdict != "open":
                break
        given.append(opinions)
        is_settled = verdict == "settled"
        tally.items += 1
        tally.votes += len(people(opinions))
        tally.to_experts += not is_settled
        tally.settled_right += is_settled and labels == truth
        tally.right += not is_settled or labels == truth
        rule.learn(given)
    return tally


def tasks(most: int) -> Iterator[Task]:
    """Yield crowds with this many votes an item."""
    for label_count in (2, 3, 4, 8, 10):
        for spread in (0.0, 0.1):
            yield simulated(label_count, spread, 7, most)
    for spread in (0.0, 0.1):
        yield with_model(simulated(2, spread, 7, most), 5)
    for name in RECORDED:
        if task := recorded(name, most):
            yield task


def rows(only: str = "") -> list[dict[str, Any]]:
    """Compare the rules on simulated and recorded crowds, by the votes of an item."""
    if only != "consensus":
        return []
    return [
        _row(task, rule(task, least, most))
        for least, most in ASKED
        for task in tasks(most)
        for rule in (Share, Posterior)
    ]


def _row(task: Task, rule: Share | Posterior) -> dict[str, Any]:
    tally = played(task, rule)
    settled = tally.items - tally.to_experts
    rightness = tally.right / tally.items
    bound = ""
    if task.skill and rule.least == rule.most and "model" not in task.name:
        sure = sureness(task, rule.most)
        bound = (
            f"; so many right labels take {fewest(sure, rightness):.1%} of all at least, "
            f"and .97 {fewest(sure, GOAL):.1%}"
        )
    detail = (
        f"{task.name}: right {rightness:.3f}, of the settled "
        f"{tally.settled_right / max(1, settled):.3f}; votes an item "
        f"{tally.votes / tally.items:.2f}, in vain {tally.in_vain / tally.votes:.1%}{bound}"
    )
    name = f"{type(rule).__name__.lower()}, {rule.least} to {rule.most} votes"
    share = tally.to_experts / tally.items
    return row(name, share, "to experts", MOST_TO_EXPERTS, detail)
