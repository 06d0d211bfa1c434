"""The labeling application."""

from __future__ import annotations

from django.apps import AppConfig


class LabelingConfig(AppConfig):
    """People and their answers."""

    name = "labeling"
    verbose_name = "Labeling"

    def ready(self) -> None:
        """Register this app's jobs, and what its own signals ring."""
        # Models must be loaded before these are imported.
        from labeling import kinds, signals, tasks
        from labeling.services.work.kinds import register

        register(*kinds.KINDS)
        signals.votes_changed.connect(tasks.ring_settle)
        signals.job_queued.connect(tasks.ring_job)
        signals.outbox_filled.connect(tasks.ring_webhooks)
