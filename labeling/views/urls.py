"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path

from labeling.views import (
    agreement,
    disagreements,
    doubts,
    explore,
    grid,
    jobs,
    join,
    my_work,
    pages,
    people,
    setup,
    transfers,
)

_P = "projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path(
        "login/", LoginView.as_view(template_name="labeling/login.html"), name="login"
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("join/", join.join, name="join"),
    path("projects/new/", pages.new_project, name="new-project"),
    path(_P, pages.project, name="project"),
    path(f"{_P}label/", pages.station, name="station"),
    path(f"{_P}grid/", grid.grid, name="grid"),
    path(f"{_P}my-work/", my_work.my_work, name="my-work"),
    path(f"{_P}disagreements/", disagreements.disagreements, name="disagreements"),
    path(f"{_P}disagreements/<slug:which>/", doubts.listed, name="doubts"),
    path(f"{_P}items/", explore.items, name="items"),
    path(f"{_P}items/delete/", explore.delete_items, name="delete-items"),
    path(f"{_P}items/<int:pk>/", explore.item, name="item"),
    path(f"{_P}import/", transfers.imports, name="imports"),
    path(f"{_P}export/", transfers.export, name="export"),
    path(f"{_P}agreement/", agreement.agreement, name="agreement"),
    path(f"{_P}jobs/", jobs.jobs, name="jobs"),
    path(f"{_P}jobs/<int:pk>/", jobs.job, name="job"),
    path(f"{_P}guideline/", setup.guideline, name="guideline"),
    path(f"{_P}labels/", setup.labels, name="labels"),
    path(f"{_P}settings/", setup.settings, name="settings"),
    path(f"{_P}settings/delete/", setup.delete_project, name="delete-project"),
    path(f"{_P}members/", people.people, name="members"),
]
