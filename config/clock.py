"""The scheduler: it rings for tasks by their names, and loads none of them."""

from __future__ import annotations

from celery import current_app
from celery.apps.beat import Beat
from django.conf import settings
from django.utils.log import configure_logging


class Clock(Beat):
    """Celery's scheduler in a third of the memory: models and learner stay unloaded."""

    def init_loader(self) -> None:
        """Do without the tasks; Django would set up the log beside the models."""
        configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
        current_app.finalize()
