"""Rows whose content is an item already: what they add, and what they contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labeling.messages import Message, message
from labeling.models import Annotation, Gold, Item, Project, Resolution, User
from labeling.services.queue import giving_back
from labeling.services.transfer.importing import votes
from labeling.services.transfer.importing.chunk import (
    Duplicate,
    Ready,
    Refusal,
    RowTerms,
)
from labeling.services.transfer.importing.raw import Raw
from labeling.services.transfer.rows import Row, RowError
from labeling.services.votes import gold, writing
from labeling.services.votes.imported import ImportedVote

Resolved = Resolution.Source


class Remark(NamedTuple):
    """The number of a row that is accounted for, but not as it stands; and how."""

    number: int
    words: Message


class MetRow(NamedTuple):
    """A row whose content is an item already."""

    number: int
    content_hash: str
    row: Row
    raw: Raw

    @property
    def brings_more(self) -> bool:
        """Whether its row has more than a content."""
        row = self.row
        return bool(
            row.labels is not None or row.votes or row.tags or row.metadata or row.known
        )


@dataclass
class Met:
    """What became of rows whose content is known; the others say the same again.

    filled: rows that added what was open, of which ``taken`` replaced a known answer and
    ``voted`` became a vote against it.
    """

    filled: int = 0
    # Identities of rows as read: of a ZIP, several files have a row of each number.
    filled_rows: set[int] = field(default_factory=set)
    taken: int = 0
    voted: int = 0
    # Embeddings of all rows, also of new ones, that are new.
    vectors: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def count(self, row: MetRow, changes: Counter[str]) -> None:
        """Count what a row has changed."""
        self.filled += changes["filled"]
        self.taken += changes["taken"]
        self.voted += changes["voted"]
        if changes["filled"]:
            self.filled_rows.add(id(row.raw))


@dataclass
class Standing:
    """What an item is known to be, with what the rows so far have added."""

    item: Item
    labels: list[str] | None = None
    source: str = ""
    votes: dict[int, list[str]] = field(default_factory=dict)
    is_changed: bool = False
    new_label: gold.EarlierLabel | None = None
    is_taken: bool = False
    new_votes: list[ImportedVote] = field(default_factory=list)


def meetings(
    outcomes: Iterable[Ready | Refusal | Duplicate], new: Iterable[str]
) -> list[MetRow]:
    """Return the rows of a chunk that are no items of their own, in their order."""
    fresh = {*new}
    return [
        MetRow(outcome.number, outcome.content_hash, outcome.row, outcome.raw)
        if isinstance(outcome, Duplicate)
        else MetRow(outcome.number, outcome.item.content_hash, outcome.row, outcome.raw)
        for outcome in outcomes
        if isinstance(outcome, Duplicate)
        or (isinstance(outcome, Ready) and outcome.item.content_hash not in fresh)
    ]


def meet(
    project: Project,
    terms: RowTerms,
    annotators: votes.Annotators,
    importer: User | None,
    rows: Sequence[MetRow],
) -> Met:
    """Add what the items of some rows lack, in the caller's transaction.

    A row that contradicts its item is refused, unless the person chose otherwise.
    """
    met = Met()
    rich = [row for row in rows if row.brings_more]
    accounts = _accounts(annotators, terms, rich)
    known = _standings(project, terms, {row.content_hash for row in rich})
    names = _names(project, rows)
    for row in rows:
        name = names.get(row.content_hash)
        if name is None:
            # Its content is new, and its id is another item's: see ``_taken_names``.
            continue
        standing = known.get(row.content_hash)
        if standing is None or not row.brings_more:
            _note_name(met, row, name)
            continue
        try:
            changes = _merged(standing, row.row, terms, accounts)
        except RowError as error:
            met.refusals.append(
                Refusal(row.number, row.raw.placed(error.message), row.raw)
            )
            continue
        met.count(row, changes)
        _note_name(met, row, name)
        if changes["kept"]:
            met.remarks.append(Remark(row.number, _KEPT))
    _write(project, annotators, importer, known.values())
    return met


_KEPT = message("The item has other metadata: what it has stays.")


def _note_name(met: Met, row: MetRow, name: str) -> None:
    """Say where a row's id is not that of its item: nobody would find it."""
    own = row.row.external_id
    if own and own != name:
        met.remarks.append(
            Remark(
                row.number,
                message(
                    "“%(id)s” has the content of “%(item)s”, which stays one item.",
                    id=own[:80],
                    item=name[:80],
                ),
            )
        )


def _names(project: Project, rows: Sequence[MetRow]) -> dict[str, str]:
    contents = {row.content_hash for row in rows}
    if not contents:
        return {}
    items = Item.objects.filter(project=project, content_hash__in=contents)
    return dict(items.values_list("content_hash", "external_id"))


def _accounts(
    annotators: votes.Annotators, terms: RowTerms, rich: Sequence[MetRow]
) -> Mapping[str, User]:
    """Return the account of each name that votes in some rows."""
    names = {vote.annotator for row in rich for vote in row.row.votes}
    if rich and terms.choices.known_answers == "vote":
        names.add(terms.choices.labels_by)
    return annotators.named(names)


def _standings(
    project: Project, terms: RowTerms, contents: set[str]
) -> dict[str, Standing]:
    """Return what is known of the items of some contents, and lock them."""
    if not contents:
        return {}
    if terms.choices.known_answers == "take":
        # Before the items, as an edit takes them (README, Locks).
        writing.lock_asked(project.pk, contents)
    # By id: whoever locks several items locks them in this order.
    items = Item.objects.select_for_update().filter(
        project=project, content_hash__in=contents
    )
    known = {item.pk: Standing(item) for item in items.order_by("pk")}
    labels = Resolution.objects.filter(item__in=known, superseded_at=None)
    for item, names, source in labels.values_list("item", "labels", "source"):
        known[item].labels, known[item].source = names, source
    golds = Gold.objects.filter(item__in=known)
    for item, names in golds.values_list("item", "labels"):
        known[item].labels, known[item].source = names, Resolved.GOLD.value
    given = Annotation.with_repeats.filter(item__in=known)
    for vote in given.order_by("pk"):
        known[vote.item_id].votes[vote.annotator_id] = vote.labels
    return {standing.item.content_hash: standing for standing in known.values()}


def _merged(
    standing: Standing, row: Row, terms: RowTerms, accounts: Mapping[str, User]
) -> Counter[str]:
    """Add a row to what its item is known to be; return what was done with it.

    Raises RowError where they contradict each other; then nothing is added.
    """
    done: Counter[str] = Counter()
    new_votes = [*_new_votes(standing, row.votes, accounts)]
    fate = _fate(standing, row, terms)
    if fate == "vote":
        by = ImportedVote(terms.choices.labels_by, sorted({*(row.labels or [])}))
        fresh = [*_new_votes(standing, [by], accounts)]
        new_votes += fresh
        done["voted"] = len(fresh)
    elif fate:
        standing.new_label = row.known or gold.known(row.labels or [])
        standing.is_taken = standing.is_taken or fate == "take"
        standing.labels = sorted({*(row.labels or [])})
        standing.source = standing.new_label.source
        done["taken"] = fate == "take"
    standing.new_votes += new_votes
    standing.votes |= {accounts[vote.annotator].pk: vote.labels for vote in new_votes}
    is_described = _describe(standing.item, row)
    standing.is_changed = standing.is_changed or is_described
    done["kept"] = any(
        standing.item.metadata[name] != value for name, value in row.metadata.items()
    )
    done["filled"] = bool(new_votes or fate in ("fill", "take") or is_described)
    return done


def _new_votes(
    standing: Standing, given: Iterable[ImportedVote], accounts: Mapping[str, User]
) -> Iterator[ImportedVote]:
    """Return the votes that the item does not have yet.

    Raises RowError where somebody has voted otherwise.
    """
    for vote in given:
        before = standing.votes.get(accounts[vote.annotator].pk)
        if before is None:
            yield vote
        elif sorted(before) != sorted(vote.labels):
            raise RowError(
                message(
                    "“%(id)s” has this content, and “%(name)s” voted %(known)s: it stays.",
                    id=standing.item.external_id[:80],
                    name=vote.annotator[:80],
                    known=", ".join(before)[:200],
                )
            )


def _fate(standing: Standing, row: Row, terms: RowTerms) -> str:
    """Return what becomes of a row's known answer: "", "fill", "take" or "vote".

    Raises RowError where the item has another one that stays.
    """
    if not _says_label(row, terms):
        return ""
    labels = sorted({*(row.labels or [])})
    if standing.labels is not None and sorted(standing.labels) == labels:
        return ""
    state = standing.item.state
    if standing.labels is None and state == Item.State.OPEN:
        return "fill"
    # An expert's decision can be taken back, and a dispute is decided: by experts.
    is_experts = standing.labels is None or standing.source == Resolved.EXPERT
    choice = terms.choices.known_answers
    is_vote = choice == "vote" and state != Item.State.INVALID
    if is_vote or (choice == "take" and not is_experts):
        return choice
    raise RowError(_stays(standing))


def _says_label(row: Row, terms: RowTerms) -> bool:
    """Whether a row says what its item is, apart from its votes."""
    is_said = bool(row.labels) or (row.labels is not None and terms.is_multi)
    if row.known is None:
        return is_said and terms.is_gold
    return is_said and not (row.votes and row.known.source == Resolved.CONSENSUS)


def _stays(standing: Standing) -> Message:
    name = standing.item.external_id[:80]
    if standing.labels is None:
        return message(
            "“%(id)s” has this content, and experts decide about it: its label is theirs.",
            id=name,
        )
    return message(
        "“%(id)s” has this content, and its known answer is %(known)s: it stays.",
        id=name,
        known=", ".join(standing.labels)[:200],
    )


def _describe(item: Item, row: Row) -> bool:
    """Add the tags and the metadata that an item lacks; return whether there were some."""
    tags = [tag for tag in row.tags if tag not in item.tags]
    more = {
        name: value for name, value in row.metadata.items() if name not in item.metadata
    }
    item.tags = [*item.tags, *tags]
    item.metadata = {**item.metadata, **more}
    return bool(tags or more)


def _write(
    project: Project,
    annotators: votes.Annotators,
    importer: User | None,
    standings: Iterable[Standing],
) -> None:
    every = [*standings]
    changed = [standing.item for standing in every if standing.is_changed]
    Item.objects.bulk_update(changed, ["tags", "metadata"])
    relabeled = _write_labels(project, importer, every)
    voted = [(each.item, each.new_votes) for each in every if each.new_votes]
    if voted:
        votes.keep(project, annotators, voted, importer, are_new=False)
    asked = [*relabeled] + [item.pk for item, _ in voted]
    if asked:
        # Their entries in the queue say how many votes they wanted before.
        giving_back.withdraw(asked)


def _write_labels(
    project: Project, importer: User | None, every: Sequence[Standing]
) -> list[int]:
    """Give items the answers that are new; return which items."""
    relabeled = [each for each in every if each.new_label is not None]
    filled = [
        (each.item, each.labels or [], each.new_label)
        for each in relabeled
        if each.new_label is not None and not each.is_taken
    ]
    is_gold = {
        item.pk for item, _labels, label in filled if label.source == Resolved.GOLD
    }
    gold.record(
        project,
        [(item, labels) for item, labels, _label in filled if item.pk in is_gold],
    )
    gold.restore(project, [label for label in filled if label[0].pk not in is_gold])
    gold.correct(
        project,
        [(each.item, each.labels or []) for each in relabeled if each.is_taken],
        importer,
    )
    return [each.item.pk for each in relabeled]
