"""Sources from outside beside our versions, as the models page shows them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from activelearn.models import Evaluation
from activelearn.services.judging import outside
from labeling.models import Project
from labeling.services.transfer.outside import sources
from labeling.views.page.paging import listing


def shown(
    request: HttpRequest, project: Project, beside: Evaluation | None
) -> dict[str, Any]:
    """Return a page of the sources, each with its figures on the held-out items."""
    # Few at once: each figure draws the items anew for its interval.
    listed = listing(
        request,
        sources.listed(project),
        size=5,
        names=("older-sources", "newer-sources"),
    )
    return {
        "source_list": listed,
        "outside": outside.judged(project, listed.rows, beside),
        "beside": beside.model if beside else None,
    }
