"""Addresses of the learner's API, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from activelearn.api import (
    automation,
    features,
    judging,
    labels,
    online,
    predictions,
    training,
    versions,
)
from activelearn.api.watching import alarms, windows

_P = "projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_P}automation/", automation.AutomationView.as_view()),
    path(f"{_P}automation/preview/", automation.DialPreviewView.as_view()),
    path(f"{_P}automation/labels/", automation.LabelDialView.as_view()),
    path(f"{_P}automation/accept/", automation.AcceptanceView.as_view()),
    path(f"{_P}automation/changes/", automation.DialChangesView.as_view()),
    path(f"{_P}automation/audits/", automation.AuditedItemsView.as_view()),
    path(f"{_P}training-runs/", training.TrainingRunsView.as_view()),
    path(f"{_P}training-runs/preview/", training.RetrainPreviewView.as_view()),
    path(f"{_P}training-runs/causes/", training.RunCausesView.as_view()),
    path(f"{_P}training-runs/windows/", training.WindowsView.as_view()),
    path(f"{_P}models/", versions.ModelsView.as_view()),
    path(f"{_P}models/<int:number>/evaluation/", versions.EvaluationView.as_view()),
    path(
        f"{_P}models/<int:number>/against/<int:before>/", versions.ChangesView.as_view()
    ),
    path(f"{_P}items/<int:pk>/models/", versions.ItemVersionsView.as_view()),
    path(f"{_P}features/", features.FeaturesView.as_view()),
    path(f"{_P}representations/", features.RepresentationsView.as_view()),
    path(f"{_P}representations/address/", features.EmbeddingsAddressView.as_view()),
    path(
        f"{_P}representations/<str:name>/", features.AddedRepresentationView.as_view()
    ),
    path(f"{_P}online-tests/", online.OnlineTestsView.as_view()),
    path(f"{_P}online-tests/<int:pk>/", online.OnlineTestView.as_view()),
    re_path(
        r"^projects/(?P<slug>[-a-zA-Z0-9_]+)/online-tests/(?P<pk>\d{1,18})"
        r"/(?P<action>advance|stop)/$",
        online.OnlineActView.as_view(),
    ),
    path(f"{_P}meter/", judging.MeterView.as_view()),
    path(f"{_P}forecast/", judging.ForecastView.as_view()),
    path(f"{_P}coverage/", labels.CoverageView.as_view()),
    path(f"{_P}labels/search/", labels.LabelSearchView.as_view()),
    path(f"{_P}scores/", predictions.ScoresView.as_view()),
    path(f"{_P}watch/", windows.WatchView.as_view()),
    path(f"{_P}watch/windows/", windows.WatchWindowsView.as_view()),
    path(
        f"{_P}watch/windows/<int:pk>/groups/<int:group>/send/",
        windows.SendGroupView.as_view(),
    ),
    path(f"{_P}watch/alarms/", alarms.AlarmsView.as_view()),
    path(f"{_P}watch/alarms/<str:metric>/", alarms.AlarmView.as_view()),
    path(f"{_P}watch/alarms/<str:metric>/snooze/", alarms.SnoozeView.as_view()),
    path(f"{_P}watch/incidents/", alarms.IncidentsView.as_view()),
    path(f"{_P}watch/incidents/<int:pk>/take/", alarms.IncidentTakeView.as_view()),
    path(f"{_P}watch/incidents/<int:pk>/close/", alarms.IncidentCloseView.as_view()),
    path(f"{_P}watch/incidents/<int:pk>/verify/", alarms.IncidentVerifyView.as_view()),
    path(f"{_P}predict/", predictions.PredictView.as_view()),
    path(f"{_P}predict/batches/", predictions.BatchesView.as_view()),
    path(f"{_P}predict/batches/<int:pk>/", predictions.BatchView.as_view()),
    path(f"{_P}predict/batches/<int:pk>/file/", predictions.BatchFileView.as_view()),
    path(f"{_P}feedback/", predictions.FeedbackView.as_view()),
    path(f"{_P}feedback/send/", predictions.FeedbackSendView.as_view()),
    path(
        f"{_P}models/<int:number>/preview/archive/",
        versions.ArchivePreviewView.as_view(),
    ),
    re_path(
        r"^projects/(?P<slug>[-a-zA-Z0-9_]+)/models/(?P<number>\d{1,9})"
        r"/preview/(?P<action>promote|rollback)/$",
        versions.SwitchPreviewView.as_view(),
    ),
    re_path(
        r"^projects/(?P<slug>[-a-zA-Z0-9_]+)/models/(?P<number>\d{1,9})"
        r"/(?P<action>promote|rollback|archive)/$",
        versions.ModelActionView.as_view(),
    ),
]
