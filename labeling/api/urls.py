"""Addresses of the labeling API, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from labeling.api import annotations as votes
from labeling.api import (
    experts,
    invitations,
    items,
    jobs,
    projects,
    quality,
    queue,
    transfers,
)

# Addresses are tried in order: first those that people wait for all day.
_OF_PROJECT: list[URLPattern] = [
    path("queue/lease/", queue.LeaseView.as_view()),
    path("annotations/", votes.AnnotationsView.as_view()),
    path("", projects.ProjectDetailView.as_view()),
    path("members/", projects.MembersView.as_view()),
    path("members/<str:user>/", projects.MemberView.as_view()),
    path("invitations/", invitations.InvitationsView.as_view()),
    path("invitations/<int:pk>/", invitations.InvitationView.as_view()),
    path("items/", items.ItemsView.as_view()),
    path("items/<int:pk>/", items.ItemView.as_view()),
    path("queue/grid/", queue.GridView.as_view()),
    path("queue/release/", queue.ReleaseManyView.as_view()),
    path("assignments/<int:pk>/skip/", queue.SkipView.as_view()),
    path("assignments/<int:pk>/flag/", queue.FlagView.as_view()),
    path("assignments/<int:pk>/release/", queue.ReleaseView.as_view()),
    path("annotations/<int:pk>/", votes.AnnotationView.as_view()),
    path("agreement/", quality.AgreementView.as_view()),
    path("jobs/", jobs.JobsView.as_view()),
    path("jobs/<int:pk>/", jobs.JobView.as_view()),
    path("gold-questions/", quality.GoldQuestionsView.as_view()),
    path("disagreements/", quality.DisagreementsView.as_view()),
    path("disagreements/<int:pk>/blind/", quality.BlindView.as_view()),
    path("disagreements/<int:pk>/resolve/", quality.ResolveView.as_view()),
    path("disagreements/<int:pk>/similar/", quality.SimilarView.as_view()),
    path("disagreements/<int:pk>/defer/", quality.DeferView.as_view()),
    path("disagreements/<int:pk>/reopen/", quality.ReopenView.as_view()),
    path("disagreements/<int:pk>/ask/", experts.AskView.as_view()),
    path("doubts/flagged/check/", experts.CheckView.as_view()),
    path("doubts/<slug:which>/", experts.DoubtsView.as_view()),
    path("inquiries/", experts.InquiriesView.as_view()),
    path("inquiries/<int:pk>/answer/", experts.AnswerView.as_view()),
    path("precedents/", quality.PrecedentsView.as_view()),
    path("precedents/<int:pk>/", quality.PrecedentView.as_view()),
    *transfers.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:slug>/", include(_OF_PROJECT)),
    path("projects/", projects.ProjectsView.as_view()),
]
