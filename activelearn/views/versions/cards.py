"""A version's card, as sections of a page and as a Markdown file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from activelearn.core.conformal import FEWEST
from activelearn.core.evaluation import Summary
from activelearn.core.intervals import Estimate
from activelearn.core.report import Report
from activelearn.services.versions import strengths
from activelearn.services.versions.cards import Card
from activelearn.services.versions.history import Act
from activelearn.views.judging import duels
from activelearn.views.judging.evidence import BASELINES, KINDS
from activelearn.views.online import rows as online
from labeling.templatetags.figures import low_to_high, number
from labeling.templatetags.localized import localized

# Of labels and slices, the card names the first ones.
MOST: Final = 20


@dataclass(frozen=True)
class Section:
    """A part of a card: names with what is known of each."""

    title: Promise | str
    rows: list[tuple[Promise | str, str]] = field(default_factory=list)


def sections(card: Card) -> Iterator[Section]:
    """Yield the parts of a card, in the order of the page and of the file."""
    version = card.version
    yield Section(
        _("What it is"),
        [
            (_("Project"), version.project.name),
            (_("Stage"), str(version.get_stage_display())),
            (_("Made"), _moment(version.created_at)),
            (_("File"), f"{version.sha256} ({version.size:,} B)"),
        ],
    )
    yield Section(
        _("What it learned from"),
        [
            (_("Labels"), str(version.snapshot.items)),
            *_learned(card),
            (_("Strength of the fit (C)"), _strength(card)),
            *_likely(card),
            (_("Snapshot"), version.snapshot.sha256),
            (_("Features"), version.spec_hash),
        ],
    )
    if card.report is not None:
        yield from _judged(card, card.report)
    for duel in card.duels:
        yield Section(_("Duel"), list(duels.rows(duel)))
    tests = card.version.online_tests.select_related("champion")
    for test in tests[:MOST]:
        yield Section(_("Online test"), list(online.rows(test)))
    yield Section(_("What is not known"), _unknown(card))
    yield Section(_("Where it comes from"), list(_lineage(card)))
    yield Section(
        _("What it was made with"),
        [(name, str(value)) for name, value in sorted(version.environment.items())],
    )


def _learned(card: Card) -> Iterator[tuple[Promise | str, str]]:
    if card.makeup is None:
        yield _("Labels by name"), str(_("the file that says so is gone"))
        return
    for name, count in card.makeup.names[:MOST]:
        yield name, str(count)


def _strength(card: Card) -> str:
    value = f"{strengths.of_version(card.version):g}"
    choice = strengths.choice_of(card.version)
    if choice is None:
        return value
    return str(
        _("%(value)s, of %(values)s by cross-validation on %(count)s labels")
        % {
            "value": value,
            "values": ", ".join(sorted(choice.losses or {}, key=float)),
            "count": choice.labels,
        }
    )


def _likely(card: Card) -> Iterator[tuple[Promise | str, str]]:
    if (rule := card.version.likely_rule) is not None:
        count = (
            _("%(count)s of %(needed)s that it takes")
            % {"count": rule.count, "needed": FEWEST}
            if rule.missing
            else rule.count
        )
        yield _("Labels drawn at random that say which are likely"), str(count)


def _judged(card: Card, report: Report) -> Iterator[Section]:
    summary = report.figures.summary
    yield Section(
        _("How good it is on held-out items"),
        [
            (_("Items"), str(summary.items)),
            (_("Accuracy"), _estimate(summary.accuracy)),
            (_("Macro F1"), _estimate(summary.macro_f1)),
            (_("Balanced accuracy"), _estimate(summary.balanced_accuracy)),
            (_("Log loss"), _estimate(report.figures.log_loss)),
            *_calibrated(card, report),
        ],
    )
    yield Section(
        _("F1 of each label"),
        [(row.label, _estimate(row.f1)) for row in report.figures.labels[:MOST]],
    )
    yield Section(
        _("Accuracy of others on the same items"),
        [
            (BASELINES.get(row.name, row.name), _estimate(row.summary.accuracy))
            for row in report.baselines
        ],
    )
    worst = sorted(report.slices, key=lambda part: part.summary.accuracy.value)
    yield Section(
        _("Accuracy where it is worst"),
        [
            (f"{KINDS.get(part.kind, part.kind)} {part.name}", _on(part.summary))
            for part in worst[:MOST]
        ],
    )


def _calibrated(card: Card, report: Report) -> Iterator[tuple[Promise | str, str]]:
    if report.calibration is not None:
        yield _("Calibration error before"), _estimate(report.calibration.before.ece)
        if report.calibration.after is not None:
            yield _("Calibration error after"), _estimate(report.calibration.after.ece)
    is_calibrated = card.version.is_calibrated
    yield (
        _("How sure it says it is"),
        str(_("a confidence") if is_calibrated else _("a score")),
    )


def _unknown(card: Card) -> list[tuple[Promise | str, str]]:
    counts = card.coverage
    rows: list[tuple[Promise | str, str]] = [
        (_("Held-out items without a label"), str(counts.items - counts.labeled)),
        (_("of these too hard for people"), str(counts.hard)),
        (_("Labels of a single vote"), str(counts.single)),
    ]
    if card.evaluation is not None:
        rows.append((_("Left out by the leak check"), str(card.evaluation.left_out)))
        if counts.hard:
            worst = counts.at_least(card.evaluation.accuracy)
            rows.append(
                (_("Accuracy if it is wrong on all hard ones"), number_format(worst, 2))
            )
    return rows


def _lineage(card: Card) -> Iterator[tuple[Promise | str, str]]:
    version, run = card.version, card.version.run
    asked = f" ({run.requested_by.username})" if run.requested_by else ""
    yield _("Run"), f"#{run.pk}: {localized(run.reason)}{asked}"
    if run.fingerprint:
        yield _("Experiment"), run.fingerprint
    if version.parent is not None:
        yield (
            _("Served then"),
            str(_("version %(number)s") % {"number": version.parent.number}),
        )
    verdict = card.verdict_run
    if verdict.explanation:
        yield _("The gate"), localized(verdict.explanation)
    for act in reversed(card.acts):
        yield _moment(act.at), f"{done(act)}. {act.why}" if act.why else done(act)


ACTS: Final[dict[str, Promise]] = {
    "promoted": _("promoted by %(who)s in place of version %(number)s"),
    "brought back": _("brought back by %(who)s in place of version %(number)s"),
    "rolled back": _("rolled back by %(who)s; version %(number)s serves again"),
    "archived": _("archived by %(who)s"),
}


def done(act: Act) -> str:
    """Return what was done with a version, and by whom, in words."""
    # Who asked for a run has not approved what its gate let through.
    gate = _("the gate of run #%(run)s") % {"run": act.run} if act.run else None
    facts = {"who": gate or act.by or "–", "number": act.other}
    if act.kind == "promoted" and act.other is None:
        return str(_("promoted by %(who)s") % facts)
    return str(ACTS[act.kind] % facts)


def markdown(card: Card) -> str:
    """Return a card as Markdown: a heading, and a table for each section."""
    title = _("%(project)s, version %(number)s") % {
        "project": card.version.project.name,
        "number": card.version.number,
    }
    lines = [f"# {_plain(str(title))}"]
    for section in sections(card):
        if section.rows:
            lines += ["", f"## {section.title}", "", "| | |", "| --- | --- |"]
            lines += [f"| {_plain(n)} | {_plain(v)} |" for n, v in section.rows]
    return "\n".join([*lines, ""])


def _plain(text: Promise | str) -> str:
    """Return a text that stays within its cell, whatever marks it holds."""
    marked = " ".join(str(text).split())
    for mark in "\\|<>[]*_`#":
        marked = marked.replace(mark, f"\\{mark}")
    return marked


def _moment(moment: datetime) -> str:
    return date_format(moment, "DATETIME_FORMAT")


def _estimate(figure: Estimate | None) -> str:
    if figure is None:
        return "–"
    return f"{number(figure.value)} ({low_to_high(figure.low, figure.high)})"


def _on(summary: Summary) -> str:
    return f"{_estimate(summary.accuracy)}, n = {summary.items}"
