"""The pages of jobs: progress and log; cancel a job, or run it again."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from labeling.models import ImportRun, Job
from labeling.services.projects import members
from labeling.services.work import jobs as work
from labeling.views.page.paging import listing
from labeling.views.page.scope import attempt, context, member_of


@login_required
def jobs(request: HttpRequest, slug: str) -> HttpResponse:
    """List the project's jobs, newest first."""
    member = member_of(request, slug, members.ENGINEER)
    rows = Job.objects.select_related("requested_by").defer("log")
    shown = listing(request, rows.filter(project=member.project))
    return render(request, "labeling/jobs.html", context(member, "jobs", jobs=shown))


@login_required
def job(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Show one job and its progress; cancel it, or run it again once it has ended."""
    member = member_of(request, slug, members.ENGINEER)
    shown = (
        Job.objects.select_related("requested_by", "project")
        .filter(pk=pk, project=member.project)
        .first()
    )
    if shown is None:
        raise Http404("There is no such job in this project.")
    after = shown
    is_again = request.POST.get("action") == "again"

    def act() -> None:
        nonlocal after
        if is_again:
            after = work.again(shown, member.user)
        else:
            work.cancel(shown)

    tried = attempt(request, act)
    if tried.is_done:
        return redirect("job", slug, after.pk)
    page = context(
        member,
        "jobs",
        job=shown,
        errors=tried.errors,
        is_open=shown.finished_at is None,
        run=ImportRun.objects.select_related("job").filter(job=shown).first(),
    )
    return render(request, "labeling/job.html", page, status=tried.status)
