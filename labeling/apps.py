"""The labeling application."""

from __future__ import annotations

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    """People and their answers."""

    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        """Let the tasks listen to this app's signals, in every process."""
        from labeling import tasks  # noqa: F401 (models must be loaded)
