"""The sources of a project: add one, change it, remove it, open it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import IntegrityError, transaction

from labeling.errors import AssayError, InvalidInputError, NotFoundError
from labeling.messages import Message, message
from labeling.messages import sentence as _
from labeling.models import Job, Membership, Project, Source, User
from labeling.services.transfer.sources import folder, network, schedule, sealing
from labeling.services.transfer.sources.bucket import Bucket
from labeling.services.transfer.sources.parts import USUAL, Portions
from labeling.services.transfer.sources.place import place_of
from labeling.services.transfer.sources.signing import AccessKey
from labeling.services.transfer.sources.store import Store
from labeling.services.work import jobs

KIND: Final = "list-source"
USUAL_REGION: Final = "us-east-1"
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_REGION: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class SourceDraft:
    """A source that is to be added."""

    name: str
    kind: str = Source.Kind.S3.value
    endpoint: str = ""
    region: str = ""
    bucket: str = ""
    prefix: str = ""
    key_id: str = ""
    secret: str = field(default="", repr=False)
    serving: str = Source.Serving.COPY.value
    when_changed: str = Source.Changed.REFUSE.value
    has_labels: bool = False
    addressing: str = Source.Addressing.PATH.value
    every_hours: int = 0

    @property
    def key(self) -> AccessKey | None:
        """By which the bucket is opened; None where everybody may."""
        return AccessKey(self.key_id, self.secret) if self.key_id else None


def add(project: Project, user: User | None, draft: SourceDraft) -> Source:
    """Add a source, once its first objects could be listed.

    Raises InvalidInputError, naming the fields.
    """
    is_bucket = draft.kind == Source.Kind.S3
    _check(project, draft)
    source = Source(
        project=project,
        kind=draft.kind,
        name=draft.name.strip(),
        endpoint=draft.endpoint.strip().rstrip("/") if is_bucket else "",
        region=(draft.region.strip() or USUAL_REGION) if is_bucket else "",
        bucket=draft.bucket.strip() if is_bucket else "",
        prefix=draft.prefix.lstrip("/") if is_bucket else draft.prefix.strip("/"),
        credentials=sealed(project.pk, draft.key) if is_bucket else "",
        serving=draft.serving,
        when_changed=draft.when_changed,
        has_labels=draft.has_labels,
        addressing=draft.addressing if is_bucket else Source.Addressing.PATH,
        every_hours=draft.every_hours,
        list_after=schedule.first(draft.every_hours, None),
        created_by=user,
    )
    # Before the transaction: nothing is locked while a server is waited for.
    _try(source)
    try:
        with transaction.atomic():
            source.save(force_insert=True)
    except IntegrityError as error:
        raise _taken() from error
    return source


def change(source: Source, changes: dict[str, Any]) -> Source:
    """Change a source's name, how it is read, or its key; where it is stays.

    Elsewhere is another source: its key was entered for that one place. With a new key it
    is listed by the next sweep. Raises InvalidInputError, naming the fields.
    """
    draft = SourceDraft(
        **{
            name: changes.get(name, getattr(source, name, ""))
            for name in SourceDraft.__dataclass_fields__
        }
    )
    _check(source.project, draft)
    before = source.list_after
    source.name = draft.name.strip()
    source.serving, source.when_changed = draft.serving, draft.when_changed
    source.has_labels = draft.has_labels
    if draft.every_hours != source.every_hours:
        source.every_hours = draft.every_hours
        source.list_after = schedule.first(draft.every_hours, source.listed_at)
    # An empty form is no wish to read without a key.
    if draft.key:
        source.credentials = sealed(source.project_id, draft.key)
        _try(source)
        # Its lists may have failed for want of this key, and wait up to a week for it.
        source.list_after = schedule.first(source.every_hours, None)
    fields = ["name", "serving", "when_changed", "has_labels", "credentials"]
    fields += ["every_hours"]
    # Else it stays as it is by now: a sweep may have moved it since the source was read.
    fields += ["list_after"] if source.list_after != before else []
    try:
        with transaction.atomic():
            source.save(update_fields=fields)
    except IntegrityError as error:
        raise _taken() from error
    return source


def remove(source: Source) -> None:
    """Forget a source and its credentials; the items stay, and the objects too."""
    # A list that runs would write what goes with the source.
    for job in Job.objects.filter(series=series_of(source), finished_at=None):
        jobs.cancel(job)
    source.delete()


def request_list(source: Source, user: User | None) -> Job:
    """Request that a source is listed and what is new is taken."""
    return jobs.enqueue(
        "list-source",
        project=source.project,
        params={"source": source.pk},
        series=series_of(source),
        user=user,
    )


def series_of(source: Source) -> str:
    """Return the series of the jobs that list a source."""
    return f"source:{source.pk}"


def of_member(member: Membership, pk: int) -> Source:
    """Return a source of the member's project. Raises NotFoundError where it has none."""
    sources = Source.objects.select_related("project")
    source = sources.filter(pk=pk, project_id=member.project_id).first()
    if source is None:
        raise NotFoundError(_("There is no such source in this project."))
    return source


def sealed(project_id: int, key: AccessKey | None) -> str:
    """Return a key as it is kept; only a source of the same project can use it."""
    if key is None:
        return ""
    return sealing.seal({"id": key.id, "secret": key.secret}, str(project_id))


def bucket_of(source: Source, portions: Portions = USUAL) -> Bucket:
    """Return the bucket of a source.

    Raises SealError where its credentials cannot be read, PlaceError where its endpoint
    is none.
    """
    key = None
    if source.credentials:
        values = sealing.opened(source.credentials, str(source.project_id))
        key = AccessKey(values["id"], values["secret"])
    return Bucket(place_of(source), key, portions)


def open_store(source: Source, portions: Portions = USUAL) -> Store:
    """Return a source, opened; whoever has it closes it.

    Raises InvalidInputError where its folder is gone, and what ``bucket_of`` raises.
    """
    if source.kind == Source.Kind.FOLDER:
        return folder.Folder(source.prefix)
    return bucket_of(source, portions)


@contextmanager
def opened(source: Source, portions: Portions = USUAL) -> Iterator[Store]:
    """Open a source while the body runs; raises what ``open_store`` raises."""
    store = open_store(source, portions)
    try:
        yield store
    finally:
        store.close()


def _try(source: Source) -> None:
    """Raise InvalidInputError where the first objects cannot be listed."""
    try:
        with opened(source) as store:
            next(store.pages(), None)
    except AssayError as error:
        name = "prefix" if source.kind == Source.Kind.FOLDER else "endpoint"
        raise InvalidInputError(errors={name: [error.message]}) from error


def _taken() -> InvalidInputError:
    return InvalidInputError(
        errors={"name": [_("Another source of this project has this name.")]}
    )


def _check(project: Project, draft: SourceDraft) -> None:
    """Raise InvalidInputError, which names each field that cannot be so."""
    errors: dict[str, list[Message | str]] = {}
    if not 0 < len(draft.name.strip()) <= 80 or "\x00" in draft.name:
        errors["name"] = [_("A name of 1 to 80 characters.")]
    for name, choices in (
        ("kind", Source.Kind),
        ("serving", Source.Serving),
        ("when_changed", Source.Changed),
        ("addressing", Source.Addressing),
    ):
        if getattr(draft, name) not in choices.values:
            words = _("One of %(values)s.") % {"values": ", ".join(choices.values)}
            errors[name] = [words]
    errors |= _out_of_range(draft)
    is_bucket = draft.kind == Source.Kind.S3
    has_pictures = project.data_type == Project.DataType.IMAGE
    is_signed = draft.serving == Source.Serving.SIGNED
    if is_signed and not (is_bucket and has_pictures):
        errors["serving"] = [_("Only the pictures of a bucket have signed addresses.")]
    if is_bucket:
        errors |= _wrong_place(draft)
    if errors:
        raise InvalidInputError(errors=errors)


def _out_of_range(draft: SourceDraft) -> dict[str, list[Message | str]]:
    errors: dict[str, list[Message | str]] = {}
    if len(draft.prefix) > 500 or "\x00" in draft.prefix:
        errors["prefix"] = [
            _("A text of at most %(most)s characters, without NUL.") % {"most": 500}
        ]
    if not 0 <= draft.every_hours <= schedule.MOST_HOURS:
        errors["every_hours"] = [
            message("A whole number from 0 to %(most)s.", most=schedule.MOST_HOURS)
        ]
    return errors


def _wrong_place(draft: SourceDraft) -> dict[str, list[Message | str]]:
    errors: dict[str, list[Message | str]] = {}
    try:
        network.split(draft.endpoint.strip().rstrip("/"))
    except network.PlaceError as error:
        errors["endpoint"] = [error.message]
    if not _BUCKET.fullmatch(draft.bucket.strip()):
        errors["bucket"] = [
            message(
                "The name of a bucket, such as my-pictures: 3 to 63 letters, digits, dots, hyphens or underscores."
            )
        ]
    if draft.region.strip() and not _REGION.fullmatch(draft.region.strip()):
        errors["region"] = [message("The name of a region, such as eu-central-1.")]
    if bool(draft.key_id) != bool(draft.secret):
        errors["secret"] = [_("A key has an id and a secret: send both, or neither.")]
    elif draft.key_id and not (
        _KEY.fullmatch(draft.key_id) and _KEY.fullmatch(draft.secret)
    ):
        errors["secret"] = [_("A key and its secret have no spaces.")]
    return errors
