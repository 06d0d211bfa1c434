"""Which representation is in force: what is chosen, once the encoder has seen enough."""

from __future__ import annotations

from typing import Final

from django.db.models import Max

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.encoders import published
from activelearn.models import FeatureShard
from activelearn.services.features import added, choices, telling
from labeling.models import Item, Project
from labeling.models.item import ItemQuerySet

# Items that a slow encoder may lack, for whoever needs their rows waits for that: seconds.
SOON: Final = 250
# Encoders of texts that take their time.
_SLOW: Final = frozenset({*published.OFFERED, telling.ADDRESS, telling.PROGRAM})


def today(project: Project) -> core.Spec:
    """Return how the project's texts or pictures become numbers.

    By what is chosen only once a slow encoder has seen them.
    """
    return dict(added.family_of(project)[name_today(project)])


def name_today(project: Project) -> str:
    """Return the name of the representation in force: what is chosen, or a quick one."""
    if is_early(project):
        return choices.quick_of(project, choices.newest(project.pk))
    return choices.name_now(project)


def is_early(project: Project) -> bool:
    """Whether the encoder has yet to see too many items for anybody to wait for.

    Also where its file is gone: orders go on without it.
    """
    spec = added.family_of(project)[choices.name_now(project)]
    return not can_be_read(spec) or reads_unseen(project, spec)


def _is_out_of_reach(project: Project, spec: core.Spec) -> bool:
    return not can_be_read(spec) or is_behind(project, spec)


def slow_spec(project: Project) -> core.Spec | None:
    """Return what is chosen, where a slow encoder has to see the items for that."""
    spec = added.family_of(project)[choices.name_now(project)]
    return filed(spec) if is_slow(spec) else None


def is_slow(spec: core.Spec) -> bool:
    """Whether a network has to see each item for its row."""
    name = spec.get("encoder", {}).get("name")
    return name in _SLOW or (spec["kind"] == "image" and name in published.KNOWN)


def filed(spec: core.Spec) -> core.Spec:
    """Return the specification whose files have the rows of one."""
    # To see all pictures once more would take hours.
    return core.JOINED_IMAGE_SPEC if spec == core.ENCODED_IMAGE_SPEC else spec


def can_be_read(spec: core.Spec) -> bool:
    """Whether what a specification needs to read items is at hand."""
    return telling.can_tell(spec.get("encoder", {}))


def is_behind(project: Project, spec: core.Spec) -> bool:
    """Whether too many rows by a specification with a slow encoder are missing."""
    # Nobody waits for an address, which may be down.
    most = 0 if is_elsewhere(spec) else SOON
    # A million are not counted to find out that they are too many.
    return unseen(project, spec)[: most + 1].count() > most


def is_elsewhere(spec: core.Spec) -> bool:
    """Whether texts leave the server to be read so, which may cost money."""
    return bool(spec.get("encoder", {}).get("name") == telling.ADDRESS)


def known_of(project: Project) -> dict[str, core.Spec]:
    """Return by its name every specification that travels along or has been added."""
    known = representations.SPECS.get(project.data_type, {})
    every = (*known.values(), *added.specs_of(project).values())
    return {core.hash_of(spec): spec for spec in every}


def reads_unseen(project: Project, spec: core.Spec) -> bool:
    """Whether rows by a specification would have everybody wait for the encoder."""
    return is_slow(spec) and _is_out_of_reach(project, filed(spec))


def unseen(project: Project, spec: core.Spec) -> ItemQuerySet:
    """Return the items that the encoder of a specification has yet to see."""
    seen = FeatureShard.objects.filter(project=project, spec_hash=core.hash_of(spec))
    # They are seen in their order. Counted are those behind the last one, not the rows
    # there are: some of these may be of items that have been deleted.
    last = seen.aggregate(last=Max("last_item"))["last"] or 0
    return Item.objects.filter(project=project, pk__gt=last)


def kept(project: Project) -> set[str]:
    """Return the names of the specifications that today's rows are computed by."""
    specs = list(added.specs_of(project).values())
    chosen = added.family_of(project)[choices.name_now(project)]
    specs.append(filed(chosen))
    if is_slow(chosen):
        # Those of both: where many items come in at once, the quick ones are read again.
        quick = choices.quick_of(project, choices.newest(project.pk))
        specs.append(representations.SPECS[project.data_type][quick])
    return {core.hash_of(spec) for spec in specs}
