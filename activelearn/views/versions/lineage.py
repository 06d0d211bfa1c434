"""Where a version comes from, as a picture: from its labels to what took over from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activelearn.models import ModelVersion
from activelearn.services.labels.snapshots import LabelSource
from activelearn.services.versions.history import Act
from activelearn.services.versions.origins import Origin
from activelearn.views.page.flow import NO_BREAK, Flow, FlowStep, across, down, unbroken
from activelearn.views.versions.cards import done
from labeling.models import Resolution
from labeling.templatetags.localized import localized

# Of what was done with a version, and of those that took over, the last ones.
MOST: Final = 3


@dataclass(frozen=True)
class Lineage:
    """The steps in order, and the same picture for a wide window and for a phone."""

    steps: list[FlowStep]
    wide: Flow
    narrow: Flow


def lineage_of(origin: Origin) -> Lineage:
    """Return the picture of where a version comes from and what came of it."""
    layers = [layer for layer in _Words(origin).layers() if layer]
    steps = [step for layer in layers for step in layer]
    return Lineage(steps, across(layers), down(layers))


FATES: Final[dict[str, Promise]] = {
    "serves": gettext_lazy("serves"),
    "served": gettext_lazy("served until another took over"),
    "rolled back": gettext_lazy("was rolled back"),
    "waits for labels": gettext_lazy("waits for held-out labels"),
    "waits for a person": gettext_lazy("waits for a person"),
    "refused": gettext_lazy("was refused"),
    "archived": gettext_lazy("is archived"),
    "judged": gettext_lazy("is judged, and not promoted"),
    "not judged": gettext_lazy("is not judged yet"),
}
DEEDS: Final[dict[str, Promise]] = {
    "promoted": gettext_lazy("Promoted"),
    "brought back": gettext_lazy("Brought back"),
    "rolled back": gettext_lazy("Rolled back"),
    "archived": gettext_lazy("Archived"),
}
_GOOD: Final = ("promoted", "brought back")


@dataclass(frozen=True)
class _Words:
    """The steps of a version's way, in words and with their addresses."""

    origin: Origin

    def layers(self) -> Iterator[list[FlowStep]]:
        """Yield the steps that stand beside each other."""
        yield list(self._sources())
        yield [self._snapshot()]
        yield [self._run()]
        yield [self._version(), *self._measures()]
        yield [self._judgment()]
        yield list(self._acts())
        yield [
            self._other(version, _("took over"))
            for version in self.origin.successors[-MOST:]
        ]

    def _sources(self) -> Iterator[FlowStep]:
        href = self._address("learned", self.origin.version.number)
        makeup = self.origin.makeup
        if makeup is None:
            fact = _("the file that says so is gone")
            yield _step(_("Labels"), fact, href, "bad")
            return
        names = dict(Resolution.Source.choices)
        for source in makeup.sources:
            name = str(names.get(source.source, source.source))
            yield _step(name, _counted(source), href)

    def _snapshot(self) -> FlowStep:
        version = self.origin.version
        fact = ngettext("%(labels)s label", "%(labels)s labels", version.snapshot.items)
        return _step(
            _("Snapshot %(hash)s") % {"hash": version.snapshot.sha256[:8]},
            fact
            % {"labels": number_format(version.snapshot.items, force_grouping=True)},
            self._address("learned", version.number),
        )

    def _run(self) -> FlowStep:
        run = self.origin.version.run
        asked = f" ({run.requested_by.username})" if run.requested_by else ""
        return _step(
            _("Run #%(run)s") % {"run": run.pk},
            f"{localized(run.reason)}{asked}",
            self._address("job", run.job_id),
        )

    def _version(self) -> FlowStep:
        number = self.origin.version.number
        return _step(
            _("Version %(number)s") % {"number": number},
            str(FATES[self.origin.fate]),
            self._address("card", number),
            "here",
        )

    def _measures(self) -> Iterator[FlowStep]:
        """Yield what it was judged by: held-out items, and what served then."""
        if evaluation := self.origin.evaluation:
            fact = _("%(items)s items with a label")
            href = f"{self._address('items')}?split=evaluation"
            step = _step(_("Held-out items"), fact % {"items": evaluation.items}, href)
            yield replace(step, is_first=True)
        if self.origin.rival:
            rival = self._other(self.origin.rival, _("served then"))
            yield replace(rival, is_first=True)

    def _judgment(self) -> FlowStep:
        evaluation, judge = self.origin.evaluation, self.origin.judge
        why = localized(judge.explanation) if judge.explanation else ""
        if evaluation is None:
            job = self._address("job", judge.job_id)
            return _step(_("The gate"), _("has not judged it yet"), job, more=why)
        fact = _("fixes %(better)s and breaks %(worse)s of %(items)s items") % {
            "better": evaluation.better,
            "worse": evaluation.worse,
            "items": evaluation.items,
        }
        page = f"{self._address('models')}?version={self.origin.version.number}"
        title = _("The gate of run #%(run)s") % {"run": judge.pk}
        return _step(title, fact, page, more=why)

    def _acts(self) -> Iterator[FlowStep]:
        """Yield what was done with it; where nothing was, what it is now."""
        for act in self.origin.acts[-MOST:]:
            yield self._act(act)
        if not self.origin.acts:
            yield from self._fate()

    def _act(self, act: Act) -> FlowStep:
        who = _("gate of run #%(run)s") % {"run": act.run} if act.run else act.by or "–"
        moment = unbroken(date_format(act.at, "DATETIME_FORMAT"))
        href = self._address("models")
        if act.other is not None:
            href = self._address("changes", self.origin.version.number, act.other)
        whole = f"{done(act)}. {act.why}" if act.why else done(act)
        tone = "good" if act.kind in _GOOD else "bad"
        title = str(DEEDS[act.kind])
        step = _step(title, f"{who}, {moment}", href, tone, whole)
        # What took over took over from a version that served.
        return replace(step, is_last=act.kind not in _GOOD)

    def _fate(self) -> Iterator[FlowStep]:
        version, fate = self.origin.version, self.origin.fate
        by = {"run": self.origin.judge.pk}
        promote = self._address("promote", version.number)
        if fate == "refused":
            gate = _("gate of run #%(run)s") % by
            job = self._address("job", self.origin.judge.job_id)
            yield _step(_("Refused"), gate, job, "bad")
        elif fate == "waits for labels":
            about = _("for about %(labels)s held-out labels")
            fact = about % {"labels": version.waits_for}
            yield _step(_("Waits"), fact, promote, "waits")
        elif fate == "waits for a person":
            yield _step(_("Waits"), _("for a person"), promote, "waits")

    def _other(self, version: ModelVersion, fact: str) -> FlowStep:
        title = _("Version %(number)s") % {"number": version.number}
        return _step(title, fact, self._address("card", version.number))

    def _address(self, name: str, *values: int) -> str:
        return reverse(name, args=(self.origin.version.project.slug, *values))


def _step(
    title: str, fact: str, href: str, tone: str = "plain", more: str = ""
) -> FlowStep:
    sentence = f"{title}: {fact}. {more}" if more else f"{title}: {fact}"
    return FlowStep(title, fact, sentence.replace(NO_BREAK, " "), href, tone)


def _counted(source: LabelSource) -> str:
    labels = ngettext("%(labels)s label", "%(labels)s labels", source.labels)
    counted = labels % {"labels": number_format(source.labels, force_grouping=True)}
    if not source.votes:
        return counted
    votes = ngettext("%(votes)s vote", "%(votes)s votes", source.votes)
    count = number_format(source.votes, force_grouping=True)
    return f"{counted}, {votes % {'votes': count}}"
