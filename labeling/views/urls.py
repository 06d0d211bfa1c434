"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path

from labeling.views import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path(
        "login/", LoginView.as_view(template_name="labeling/login.html"), name="login"
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("projects/new/", pages.new_project, name="new-project"),
    path("projects/<slug:slug>/", pages.project, name="project"),
    path("projects/<slug:slug>/label/", pages.station, name="station"),
    path("projects/<slug:slug>/import/", pages.imports, name="imports"),
    path("projects/<slug:slug>/members/", pages.people, name="members"),
    path(
        "projects/<slug:slug>/disagreements/", pages.disagreements, name="disagreements"
    ),
]
