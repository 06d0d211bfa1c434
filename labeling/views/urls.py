"""Addresses of the home."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView, PasswordResetDoneView
from django.urls import URLPattern, URLResolver, path

from labeling.views import accounts, work
from labeling.views.experts import disagreements, doubts
from labeling.views.projects import (
    guideline,
    home,
    items,
    join,
    labels,
    people,
    settings,
    sources,
)
from labeling.views.queue import my_work, reviews, station
from labeling.views.transfer import files, predictions, webhooks
from labeling.views.votes import agreement, grid

_P = "projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("login/", accounts.LogInView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("account/", accounts.account, name="account"),
    path("account/forgotten/", accounts.ForgottenView.as_view(), name="forgotten"),
    path(
        "account/forgotten/sent/",
        PasswordResetDoneView.as_view(
            template_name="labeling/account/letter_sent.html"
        ),
        name="letter-sent",
    ),
    path(
        "account/password/<uidb64>/<token>/",
        accounts.NewPasswordView.as_view(),
        name="new-password",
    ),
    path("join/", join.join, name="join"),
    path("projects/new/", home.new_project, name="new-project"),
    path(_P, home.project, name="project"),
    path(f"{_P}label/", station.station, name="station"),
    path(f"{_P}grid/", grid.grid, name="grid"),
    path(f"{_P}my-work/", my_work.my_work, name="my-work"),
    path(f"{_P}disagreements/", disagreements.disagreements, name="disagreements"),
    path(f"{_P}disagreements/<slug:which>/", doubts.listed, name="doubts"),
    path(f"{_P}items/", items.items, name="items"),
    path(f"{_P}items/delete/", items.delete_items, name="delete-items"),
    path(f"{_P}items/<int:pk>/", items.item, name="item"),
    path(f"{_P}import/", files.imports, name="imports"),
    path(f"{_P}export/", files.export, name="export"),
    path(f"{_P}predictions/", predictions.predictions, name="predictions"),
    path(f"{_P}agreement/", agreement.agreement, name="agreement"),
    path(f"{_P}jobs/", work.jobs, name="jobs"),
    path(f"{_P}jobs/<int:pk>/", work.job, name="job"),
    path(f"{_P}reviews/", reviews.reviews, name="reviews"),
    path(f"{_P}webhooks/", webhooks.webhooks, name="webhooks"),
    path(f"{_P}guideline/", guideline.guideline, name="guideline"),
    path(f"{_P}labels/", labels.labels, name="labels"),
    path(f"{_P}settings/", settings.settings, name="settings"),
    path(f"{_P}settings/delete/", settings.delete_project, name="delete-project"),
    path(f"{_P}members/", people.people, name="members"),
    path(f"{_P}sources/", sources.sources, name="sources"),
    path(f"{_P}sources/<int:pk>/", sources.source, name="source"),
]
