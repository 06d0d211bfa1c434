"""Which representation is in force: what is chosen, once the encoder has seen enough."""

from __future__ import annotations

from typing import Final

from django.db.models import Max

from activelearn.core import features as core
from activelearn.core import representations
from activelearn.models import FeatureShard
from activelearn.services.features import choices
from labeling.models import Item, Project
from labeling.models.item import ItemQuerySet

_Data = Project.DataType
# Pictures that the encoder may lack, for whoever needs their rows waits for that: seconds.
SOON: Final = 250


def today(project: Project) -> core.Spec:
    """Return how the project's texts or pictures become numbers.

    Pictures by what is chosen only once the encoder has seen them.
    """
    return dict(representations.SPECS[project.data_type][name_today(project)])


def name_today(project: Project) -> str:
    """Return the name of the representation in force: what is chosen, or the own one."""
    return "own" if is_early(project) else choices.name_now(project)


def is_wanted(project: Project) -> bool:
    """Whether pictures are to be read by the encoder, too."""
    return project.data_type == _Data.IMAGE and choices.name_now(project) != "own"


def is_early(project: Project) -> bool:
    """Whether the encoder has yet to see too many pictures for anybody to wait for."""
    # A million are not counted to find out that they are too many.
    return is_wanted(project) and unseen(project)[: SOON + 1].count() > SOON


def is_slow(spec: core.Spec) -> bool:
    """Whether a network has to see each item for its row."""
    return spec["kind"] == "image" and "encoder" in spec


def reads_unseen(project: Project, spec_hash: str) -> bool:
    """Whether rows by a specification would have everybody wait for the encoder."""
    encoded = (core.JOINED_IMAGE_SPEC, core.ENCODED_IMAGE_SPEC)
    if spec_hash not in map(core.hash_of, encoded):
        return False
    return unseen(project)[: SOON + 1].count() > SOON


def unseen(project: Project) -> ItemQuerySet:
    """Return the pictures that the encoder has yet to see."""
    wanted = core.hash_of(core.JOINED_IMAGE_SPEC)
    seen = FeatureShard.objects.filter(project=project, spec_hash=wanted)
    # They are seen in their order. Counted are those behind the last one, not the rows
    # there are: some of these may be of items that have been deleted.
    last = seen.aggregate(last=Max("last_item"))["last"] or 0
    return Item.objects.filter(project=project, pk__gt=last)


def kept(project: Project) -> set[str]:
    """Return the names of the specifications that today's rows are computed by."""
    if is_wanted(project):
        # Those of both: where many pictures come in at once, the own ones are read again.
        specs = (core.IMAGE_SPEC, core.JOINED_IMAGE_SPEC)
        return {core.hash_of(spec) for spec in specs}
    return {core.hash_of(today(project))}
