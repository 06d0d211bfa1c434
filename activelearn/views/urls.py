"""Addresses of the learner's pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from activelearn.views import pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:slug>/models/", pages.models, name="models"),
    path(
        "projects/<slug:slug>/models/<int:number>/confusions/",
        pages.confusions,
        name="confusions",
    ),
]
