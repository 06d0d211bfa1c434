"""The composition root: settings, addresses, Celery; the only package that knows the others."""

from __future__ import annotations

from config.celery import app as celery_app

__all__ = ["celery_app"]
