"""Addresses of the learner's pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from activelearn.views.automation import page as automation
from activelearn.views.labels import search
from activelearn.views.online import pages as online
from activelearn.views.predictions import batches, feedback
from activelearn.views.training import previews
from activelearn.views.versions import models, versions
from activelearn.views.watching import alarms, watch

_VERSION = "projects/<slug:slug>/models/<int:number>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<slug:slug>/models/", models.models, name="models"),
    path("projects/<slug:slug>/automation/", automation.automation, name="automation"),
    path("projects/<slug:slug>/watch/", watch.watch, name="watch"),
    path("projects/<slug:slug>/watch/alarms/", alarms.alarms, name="alarms"),
    path("watch/", watch.every_project, name="watch-all"),
    path(f"{_VERSION}confusions/", models.confusions, name="confusions"),
    path(
        "projects/<slug:slug>/items/<int:pk>/models/",
        versions.item_models,
        name="item-models",
    ),
    path("projects/<slug:slug>/labels/search/", search.search, name="search-label"),
    path("projects/<slug:slug>/predict/", batches.batches, name="batches"),
    path("projects/<slug:slug>/feedback/", feedback.feedback, name="feedback"),
    path("projects/<slug:slug>/models/online/", online.tests, name="online"),
    path(
        "projects/<slug:slug>/models/online/<int:pk>/", online.test, name="online-test"
    ),
    path("projects/<slug:slug>/models/compare/", versions.compare, name="compare"),
    path("projects/<slug:slug>/models/retrain/", previews.retrain, name="retrain"),
    path(f"{_VERSION}promote/", previews.switch, {"action": "promote"}, name="promote"),
    path(
        f"{_VERSION}rollback/", previews.switch, {"action": "rollback"}, name="rollback"
    ),
    path(f"{_VERSION}archive/", previews.archive, name="archive"),
    path(f"{_VERSION}card/", versions.card, name="card"),
    path(f"{_VERSION}items/", versions.learned, name="learned"),
    path(f"{_VERSION}card.md", versions.card_file, name="card-file"),
    path(f"{_VERSION}against/<int:before>/", versions.changes, name="changes"),
]
