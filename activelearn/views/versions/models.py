"""The models page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activelearn.models import (
    Evaluation,
    LearningPolicy,
    ModelVersion,
    TrainingRun,
)
from activelearn.services.judging import duels, verdicts
from activelearn.services.labels.coverage import coverage_of
from activelearn.services.labels.rare import rare_labels_of
from activelearn.services.predictions import newcomers, scoring
from activelearn.services.training import back_tests, ended, triggers
from activelearn.services.versions import healing, registry
from activelearn.views.features import acts, reading
from activelearn.views.judging import duels as duel_rows
from activelearn.views.judging import forecast, meter, outside
from activelearn.views.judging.evidence import Evidence, evidence_of
from activelearn.views.labels import coverage
from activelearn.views.ordering import likely
from activelearn.views.page.pictures import history_of
from activelearn.views.training import causes, windows
from labeling.errors import AssayError, ConflictError
from labeling.models import Item, Job, Membership, Project
from labeling.services.projects import members
from labeling.services.work import jobs, waiting
from labeling.services.work.transactions import one_moment
from labeling.views.page.paging import listing
from labeling.views.page.scope import context, member_of, or_404, sentences_of, whole

SHOWN: Final = 20


@login_required
def models(request: HttpRequest, slug: str) -> HttpResponse:
    """Show runs and versions; retrain, promote, roll back, archive, score, cancel."""
    member = member_of(request, slug, members.ENGINEER)
    errors: list[str] = []
    if request.method == "POST":
        try:
            _act(request, member)
            return redirect("models", slug)
        except AssayError as error:
            errors = sentences_of(error)
    # Of one moment: a promotion in between would let a version serve on one half of the
    # page that waits on the other.
    with one_moment():
        page = context(member, "models", errors=errors, **_known(request, member))
        return render(
            request, "activelearn/models.html", page, status=409 if errors else 200
        )


def _known(request: HttpRequest, member: Membership) -> dict[str, Any]:
    """Return what the page shows of a project's models and runs."""
    project = member.project
    own_policy = LearningPolicy.of(project.pk)
    champion = registry.champion(project)
    evidence = _evidence(request, project, own_policy)
    return {
        "champion": champion,
        "damaged": list(healing.alarms().filter(project=project)),
        "reads": reading.shown(project, champion),
        "wait": triggers.wait_of(project),
        **_duels(request, project, evidence),
        "causes": causes.shown(own_policy),
        "windows": windows.shown(project, own_policy),
        "runs": listing(
            request,
            TrainingRun.objects.select_related("job").filter(project=project),
            size=SHOWN,
            names=("older-runs", "newer-runs"),
        ),
        "evidence": evidence,
        "scored": newcomers.last_pass(project.pk) if champion else None,
        "scoring": scoring.newest_job(project) if champion else None,
        "coverage": coverage.shown(
            coverage_of(project),
            evidence.evaluation.accuracy if evidence else None,
            rare_labels_of(project),
        ),
        "forecast": forecast.shown(project, own_policy),
        "ended": ended.ended(project, own_policy),
        **meter.shown(project, own_policy),
        **likely.shown(project, own_policy, champion),
        **outside.shown(request, project, evidence.evaluation if evidence else None),
        **_versions(request, project),
    }


def _duels(
    request: HttpRequest, project: Project, evidence: Evidence | None
) -> dict[str, Any]:
    """Return the duel that goes on and those of the version that is shown."""
    listed = listing(
        request,
        duels.of_version(project, evidence.evaluation.model if evidence else None),
        size=5,
        names=("older-duels", "newer-duels"),
    )
    return {"duel_list": listed, "duels": duel_rows.shown(listed.rows)}


def _versions(request: HttpRequest, project: Project) -> dict[str, Any]:
    """Return a page of the versions, with the picture of their figures."""
    versions = listing(request, registry.with_evidence(project), size=SHOWN)
    return {
        "models": versions,
        "judged": [row.number for row in versions.rows if row.evidence],
        "history": history_of(versions.rows),
    }


def _evidence(
    request: HttpRequest, project: Project, policy: LearningPolicy
) -> Evidence | None:
    """Return what is known of the version that the address names, or of what serves.

    Before the first champion it is the newest version that was judged.
    """
    judged = Evaluation.objects.select_related("model", "champion").filter(
        model__project=project
    )
    raw = request.GET.get("version", "")
    if raw.isdecimal() and len(raw) < 10:
        shown = judged.filter(model__number=int(raw)).first()
    else:
        serving = judged.filter(model__stage=ModelVersion.Stage.CHAMPION)
        shown = serving.first() or judged.order_by("-model__number").first()
    return evidence_of(shown, policy) if shown else None


@login_required
def confusions(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """List the held-out items of a label that a version took for another, or the same.

    Raises Http404 where the project has no such version, or none that was judged.
    """
    member = member_of(request, slug, members.ENGINEER)
    truth, predicted = (request.GET.get(name, "") for name in ("truth", "predicted"))
    with or_404():
        evidence = registry.evaluation(member.project, number)
    is_pair = bool(truth or predicted)
    wanted = [[truth], [predicted]]
    items = Item.objects.select_related("media").filter(
        project=member.project,
        pk__in=[int(pk) for pk, pair in evidence.pairs.items() if pair == wanted],
    )
    shown = listing(request, items)
    page = context(
        member,
        "models",
        truth=truth,
        predicted=predicted,
        number=number,
        # Without a pair of labels the page offers those that are mixed up.
        pairs=None if is_pair else registry.report_of(evidence).figures.confusions,
        items=shown,
        entries=[(item, evidence.sureness.get(str(item.pk))) for item in shown.rows],
        is_calibrated=evidence.model.is_calibrated,
    )
    return render(request, "activelearn/confusions.html", page)


def _act(request: HttpRequest, member: Membership) -> None:
    act = _ACTIONS.get(request.POST.get("action", ""))
    if act is not None:
        act(request, member)


def _why(request: HttpRequest) -> str:
    """Return the reason that the person has typed."""
    return request.POST.get("reason", "")


def _train(request: HttpRequest, member: Membership) -> None:
    run, is_new = triggers.request(member.project, member.user, _why(request))
    if run.verdict:
        raise ConflictError(verdicts.same_as(run.pk))
    first = (
        _("Run #%(run)s is asked for.")
        if is_new
        else _(
            "This joins run #%(run)s, which waits already; your reason is in its log."
        )
    )
    messages.success(request, f"{first % {'run': run.pk}} {_wait_of(run)}")


def _wait_of(run: TrainingRun) -> str:
    """Say what a run comes after, and how long that took the last time."""
    ahead = waiting.ahead_of(run.job)
    if not ahead.jobs:
        return _("No other job is before it.")
    return ngettext(
        "%(count)s other job is before it; such took about %(seconds)s seconds the last time.",
        "%(count)s other jobs are before it; such took about %(seconds)s seconds the last time.",
        ahead.jobs,
    ) % {"count": ahead.jobs, "seconds": round(ahead.seconds)}


def _promote(request: HttpRequest, member: Membership) -> None:
    registry.promote_by_hand(
        _named(request, member.project), member.user, _why(request)
    )


def _roll_back(request: HttpRequest, member: Membership) -> None:
    registry.rollback(_named(request, member.project), member.user, _why(request))


def _archive(request: HttpRequest, member: Membership) -> None:
    registry.archive(_named(request, member.project), member.user, _why(request))


def _score(request: HttpRequest, member: Membership) -> None:
    scoring.request(member.project, member.user)


def _try_windows(request: HttpRequest, member: Membership) -> None:
    back_tests.request(member.project, member.user)
    messages.success(
        request, _("The windows are tried; this page has the result when that is done.")
    )


def _cancel(request: HttpRequest, member: Membership) -> None:
    pk = whole(request.POST.get("job"))
    for job in Job.objects.filter(project=member.project, pk=pk):
        jobs.cancel(job)


_ACTIONS: Final[dict[str, Callable[[HttpRequest, Membership], None]]] = {
    "train": _train,
    "promote": _promote,
    "rollback": _roll_back,
    "archive": _archive,
    "score": _score,
    "cancel": _cancel,
    "try-windows": _try_windows,
    **acts.ACTIONS,
}


def _named(request: HttpRequest, project: Project) -> ModelVersion:
    """Return the version that the form names; one that names none means what serves."""
    serving = registry.champion(project)
    raw = request.POST.get("number", str(serving.number) if serving else "")
    return registry.version(project, whole(raw))
