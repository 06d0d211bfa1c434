"""Addresses of the labeling API, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from labeling.api import annotations as votes
from labeling.api import experts, invitations, jobs, projects, quality, queue, transfers

_P = "projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", projects.ProjectsView.as_view()),
    path(_P, projects.ProjectDetailView.as_view()),
    path(f"{_P}members/", projects.MembersView.as_view()),
    path(f"{_P}invitations/", invitations.InvitationsView.as_view()),
    path(f"{_P}invitations/<int:pk>/", invitations.InvitationView.as_view()),
    path(f"{_P}items/", projects.ItemsView.as_view()),
    path(f"{_P}queue/lease/", queue.LeaseView.as_view()),
    path(f"{_P}queue/grid/", queue.GridView.as_view()),
    path(f"{_P}queue/release/", queue.ReleaseManyView.as_view()),
    path(f"{_P}assignments/<int:pk>/skip/", queue.SkipView.as_view()),
    path(f"{_P}assignments/<int:pk>/flag/", queue.FlagView.as_view()),
    path(f"{_P}assignments/<int:pk>/release/", queue.ReleaseView.as_view()),
    path(f"{_P}annotations/", votes.AnnotationsView.as_view()),
    path(f"{_P}annotations/<int:pk>/", votes.AnnotationView.as_view()),
    path(f"{_P}agreement/", quality.AgreementView.as_view()),
    path(f"{_P}jobs/", jobs.JobsView.as_view()),
    path(f"{_P}jobs/<int:pk>/", jobs.JobView.as_view()),
    path(f"{_P}gold-questions/", quality.GoldQuestionsView.as_view()),
    path(f"{_P}disagreements/", quality.DisagreementsView.as_view()),
    path(f"{_P}disagreements/<int:pk>/blind/", quality.BlindView.as_view()),
    path(f"{_P}disagreements/<int:pk>/resolve/", quality.ResolveView.as_view()),
    path(f"{_P}disagreements/<int:pk>/similar/", quality.SimilarView.as_view()),
    path(f"{_P}disagreements/<int:pk>/defer/", quality.DeferView.as_view()),
    path(f"{_P}disagreements/<int:pk>/reopen/", quality.ReopenView.as_view()),
    path(f"{_P}disagreements/<int:pk>/ask/", experts.AskView.as_view()),
    path(f"{_P}doubts/flagged/check/", experts.CheckView.as_view()),
    path(f"{_P}doubts/<slug:which>/", experts.DoubtsView.as_view()),
    path(f"{_P}inquiries/", experts.InquiriesView.as_view()),
    path(f"{_P}inquiries/<int:pk>/answer/", experts.AnswerView.as_view()),
    path(f"{_P}precedents/", quality.PrecedentsView.as_view()),
    path(f"{_P}precedents/<int:pk>/", quality.PrecedentView.as_view()),
    *transfers.urlpatterns,
]
