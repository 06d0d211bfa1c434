"""The labelling application."""

from __future__ import annotations

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    """People and their answers."""

    name = "labeling"
    verbose_name = "Labeling"
