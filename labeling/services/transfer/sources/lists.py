"""Files of a source that are lists: each goes through the ordinary importer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict

from django.db import transaction

from labeling.errors import AssayError
from labeling.models import ImportRun, Job, Source, User
from labeling.services.transfer import importing
from labeling.services.transfer.importing import staging
from labeling.services.transfer.importing.choices import ImportChoices
from labeling.services.transfer.sources.store import Listed, Store
from labeling.services.work import jobs


def choices_of(source: Source) -> ImportChoices:
    """Return what was chosen for the rows and objects of a source."""
    return ImportChoices(
        labels_are="gold" if source.has_labels else "", same_id=source.when_changed
    )


def bring(source: Source, store: Store, listed: Listed, user: User | None) -> bool:
    """Import a list here and now; return whether its import came to its end.

    Raises PlaceError where the server does not answer, and what ``staging.stage`` and
    ``importing.start`` raise.
    """
    upload = staging.stage(source.project, user, listed.key, store.pieces(listed))
    with transaction.atomic():
        own = importing.start(upload, user, {}, asdict(choices_of(source)))
        ImportRun.objects.filter(pk=own.pk).update(source=source)
    # Not left to another worker: a thousand lists would fill the disk meanwhile. Its own
    # job tells why it failed, where it did.
    with suppress(AssayError):
        jobs.finish(own.job_id)
    return Job.objects.filter(pk=own.job_id, state=Job.State.DONE).exists()
