"""What is said of a job that an error has ended."""

from __future__ import annotations

import logging

from labeling.errors import AssayError
from labeling.messages import Message, verbatim
from labeling.models import Job
from labeling.services.work import space

logger = logging.getLogger(__name__)


def words_of(job: Job, error: Exception) -> Message:
    """Log and return what ended a job: what people can mend in words, others by name."""
    error = space.refusal_of(error) or error
    if isinstance(error, AssayError):
        logger.warning("job %s (%s) failed: %s", job.pk, job.kind, error)
        return error.message
    logger.error("job %s (%s) failed", job.pk, job.kind, exc_info=error)
    return verbatim(f"{type(error).__name__}: {error}"[:4000])
