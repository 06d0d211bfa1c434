"""The learning application."""

from __future__ import annotations

from django.apps import AppConfig


class ActivelearnConfig(AppConfig):
    """Models that learn from the answers."""

    name = "activelearn"
    verbose_name = "Learning"

    def ready(self) -> None:
        """Listen to labeling, and register the kinds of job this app runs."""
        from activelearn import receivers  # noqa: F401 (models must be loaded)
