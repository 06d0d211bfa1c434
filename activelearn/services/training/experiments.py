"""What a training run is made of, and its name: the same parts, the same model."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_info

from activelearn import core
from activelearn.core import training
from activelearn.core.leaks import Leaks
from activelearn.models import TrainingRun
from activelearn.services.features import store
from activelearn.services.judging import leaking
from activelearn.services.labels import calibrations, snapshots
from activelearn.services.versions import strengths
from labeling.models import Item, Project
from labeling.services.votes import resolutions

Parts = dict[str, Any]
PACKAGES: Final = ("numpy", "scipy", "scikit-learn", "Pillow")
# Of more items the run itself looks for leaks: somebody waits for this.
MOST: Final = {"text": 5000, "table": 5000, "image": 500}
# The part that names a run which a leak ended that is mended now.
MENDED: Final = "leak_mended"


def parts_of(
    project: Project,
    snapshot: str,
    spec_hash: str,
    calibrated_on: str,
    strength: float,
) -> Parts:
    """Return all that a model's bytes depend on, as plain JSON.

    The snapshot names items, contents, labels, votes and label set; calibrated_on names
    the held-out labels that its calibration was fitted on. Who asked, why, and
    on what the model is judged afterwards are no parts of it.
    """
    return {
        "snapshot": snapshot,
        "split": {"rule": "seeded hash of the group", "seed": project.seed},
        "features": spec_hash,
        "model": {**training.RECIPE, "strength": strength},
        "calibrated_on": calibrated_on,
        "is_multi": project.is_multi,
        # What serves is the same without, but it has no say on its own labels.
        "crossed": project.model_votes,
        "seed": project.seed,
        "code": _code(),
        "environment": environment(),
    }


def fingerprint(parts: Parts) -> str:
    """Return the SHA-256 of the parts' canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def finished(project: Project, parts: Parts) -> tuple[Parts, TrainingRun | None]:
    """Return the parts of an experiment, and the run that has done it, if one has.

    A run that was ended by a leak, which is mended now, was another experiment: the parts
    name it, so that this one is done, and once.
    """
    while earlier := _of_fingerprint(project, fingerprint(parts)):
        if not _is_of_leak(earlier) or leaks_now(project).are_too_many:
            return parts, earlier
        parts = {**parts, MENDED: earlier.pk}
    return parts, None


def finished_now(project: Project) -> TrainingRun | None:
    """Return the run that has learned already what could be learned at this moment.

    None where it takes too long to say: then the run itself finds out.
    """
    # Cheap first: what follows reads every label and vote.
    if not TrainingRun.objects.filter(project=project).exclude(fingerprint="").exists():
        return None
    spec_hash = store.hash_of(store.spec_of(project))
    parts = parts_of(
        project,
        snapshots.hash_now(project),
        spec_hash,
        calibrations.hash_now(project),
        # Where a run would choose anew, it has more labels than any that has ended.
        strengths.in_force(project).value,
    )
    earlier = _of_fingerprint(project, fingerprint(parts))
    if earlier and _is_of_leak(earlier) and is_slow(project, *_labeled_now(project)):
        return None
    return finished(project, parts)[1]


def is_slow(project: Project, learned: Sequence[int], held_out: Sequence[int]) -> bool:
    """Whether a leak check of this many items takes longer than a person waits."""
    return len(learned) + len(held_out) > MOST[project.data_type]


def leaks_now(project: Project) -> Leaks:
    """Return what a leak check of the labels of this moment says."""
    return leaking.check(project, *_labeled_now(project))


def _labeled_now(project: Project) -> tuple[list[int], list[int]]:
    """Return the items that a run would learn from, and those it would be judged on."""
    pool, held_out = (
        snapshots.counting(project, resolutions.current(project, split))
        for split in (Item.Split.POOL, Item.Split.EVALUATION)
    )
    return [label.item for label in pool], [label.item for label in held_out]


def _of_fingerprint(project: Project, name: str) -> TrainingRun | None:
    runs = TrainingRun.objects.select_related("job", "judges", "same_as")
    return runs.filter(project=project, fingerprint=name).exclude(verdict="").first()


def _is_of_leak(run: TrainingRun) -> bool:
    """Whether a leak had the last word on what a run has made."""
    # A version that waited may have been judged again by other runs.
    judged_again = TrainingRun.objects.filter(judges__run=run).exclude(verdict="")
    last = judged_again.order_by("-pk").first() or run
    return last.verdict == "leak"


@cache
def _code() -> Parts:
    """Return the release, and the hash of the files that compute."""
    digest = hashlib.sha256()
    for path in sorted(Path(core.__file__).parent.glob("*.py")):
        # The zeros keep the end of one file apart from the beginning of the next.
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return {"release": installed("assay"), "sha256": digest.hexdigest()}


def environment() -> dict[str, str]:
    """Return what computes: the machine, the packages, and the kernel of the BLAS.

    The kernel is chosen by the processor, and another one rounds otherwise; there is
    one thread (``training.fit``).
    """
    # A BLAS is listed once it is loaded.
    import_module("scipy.linalg")
    kernels = {
        f"{info['internal_api']} {info['version']} {info.get('architecture', '')}"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    }
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "blas": ", ".join(sorted(kernels)),
        **{name: installed(name) for name in PACKAGES},
    }
