"""The degrees of automation, which a project's dial has."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Automation(models.TextChoices):
    """How much a project leaves to its model, from nothing on: the dial."""

    HUMAN = "human", _("People only")
    SHADOW = "shadow", _("Shadow")
    ASSISTANCE = "assistance", _("Assistance")
    PARTIAL = "partial", _("Partial")
    FULL = "full", _("Full")
