"""Addresses of the labeling API, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from labeling.api import queue, votes, work
from labeling.api.experts import disagreements, doubts
from labeling.api.projects import invitations, items, members, projects, sources
from labeling.api.transfer import files, predictions, webhooks

# Addresses are tried in order: first those that people wait for all day.
_OF_PROJECT: list[URLPattern] = [
    path("queue/lease/", queue.LeaseView.as_view()),
    path("annotations/", votes.AnnotationsView.as_view()),
    path("", projects.ProjectDetailView.as_view()),
    path("members/", members.MembersView.as_view()),
    path("members/<str:user>/", members.MemberView.as_view()),
    path("members/<str:user>/password-link/", members.PasswordLinkView.as_view()),
    path("invitations/", invitations.InvitationsView.as_view()),
    path("invitations/<int:pk>/", invitations.InvitationView.as_view()),
    path("items/", items.ItemsView.as_view()),
    path("items/<int:pk>/", items.ItemView.as_view()),
    path("queue/grid/", votes.GridView.as_view()),
    path("queue/release/", queue.ReleaseManyView.as_view()),
    path("assignments/<int:pk>/skip/", queue.SkipView.as_view()),
    path("assignments/<int:pk>/flag/", queue.FlagView.as_view()),
    path("assignments/<int:pk>/release/", queue.ReleaseView.as_view()),
    path("annotations/<int:pk>/", votes.AnnotationView.as_view()),
    path("agreement/", votes.AgreementView.as_view()),
    path("jobs/", work.JobsView.as_view()),
    path("jobs/<int:pk>/", work.JobView.as_view()),
    path("jobs/<int:pk>/cancel/", work.JobCancelView.as_view()),
    path("gold-questions/", queue.GoldQuestionsView.as_view()),
    path("reviews/", queue.ReviewsView.as_view()),
    path("reviews/<int:pk>/", queue.ReviewView.as_view()),
    path("reviews/<int:pk>/withdraw/", queue.ReviewWithdrawView.as_view()),
    path("disagreements/", disagreements.DisagreementsView.as_view()),
    path("disagreements/<int:pk>/blind/", disagreements.BlindView.as_view()),
    path("disagreements/<int:pk>/resolve/", disagreements.ResolveView.as_view()),
    path("disagreements/<int:pk>/similar/", disagreements.SimilarView.as_view()),
    path("disagreements/<int:pk>/defer/", disagreements.DeferView.as_view()),
    path("disagreements/<int:pk>/reopen/", disagreements.ReopenView.as_view()),
    path("disagreements/<int:pk>/ask/", doubts.AskView.as_view()),
    path("doubts/flagged/check/", doubts.CheckView.as_view()),
    path("doubts/<slug:which>/", doubts.DoubtsView.as_view()),
    path("inquiries/", doubts.InquiriesView.as_view()),
    path("inquiries/<int:pk>/answer/", doubts.AnswerView.as_view()),
    path("precedents/", disagreements.PrecedentsView.as_view()),
    path("precedents/<int:pk>/", disagreements.PrecedentView.as_view()),
    *sources.urlpatterns,
    *files.urlpatterns,
    *predictions.urlpatterns,
    *webhooks.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:slug>/", include(_OF_PROJECT)),
    path("projects/", projects.ProjectsView.as_view()),
]
