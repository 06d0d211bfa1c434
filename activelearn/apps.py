"""The learning application."""

from __future__ import annotations

from django.apps import AppConfig


class ActivelearnConfig(AppConfig):
    """Models that learn from the labels."""

    name = "activelearn"
    verbose_name = "Learning"

    def ready(self) -> None:
        """Register this app's settings and jobs, and listen to labeling."""
        # Models must be loaded before these are imported.
        from activelearn import kinds, receivers
        from activelearn.models import LearningPolicy
        from labeling.services.projects import policy
        from labeling.services.work.kinds import register

        policy.register(LearningPolicy)
        register(*kinds.KINDS)
        receivers.listen()
