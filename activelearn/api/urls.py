"""Addresses of the learner's API, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from activelearn.api import predict, registry

_P = "projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_P}training-runs/", registry.TrainingRunsView.as_view()),
    path(f"{_P}training-runs/preview/", registry.RetrainPreviewView.as_view()),
    path(f"{_P}models/", registry.ModelsView.as_view()),
    path(f"{_P}models/<int:number>/evaluation/", registry.EvaluationView.as_view()),
    path(
        f"{_P}models/<int:number>/against/<int:before>/", registry.ChangesView.as_view()
    ),
    path(f"{_P}items/<int:pk>/models/", registry.ItemVersionsView.as_view()),
    path(f"{_P}features/", registry.FeaturesView.as_view()),
    path(f"{_P}coverage/", registry.CoverageView.as_view()),
    path(f"{_P}scores/", registry.ScoresView.as_view()),
    path(f"{_P}predict/", predict.PredictView.as_view()),
    re_path(
        r"^projects/(?P<slug>[-\w]+)/models/(?P<number>\d{1,9})"
        r"/preview/(?P<action>promote|rollback)/$",
        registry.SwitchPreviewView.as_view(),
    ),
    re_path(
        r"^projects/(?P<slug>[-\w]+)/models/(?P<number>\d{1,9})"
        r"/(?P<action>promote|rollback|archive)/$",
        registry.ModelActionView.as_view(),
    ),
]
