"""What a training run is made of, and its name: the same parts, the same model."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib import import_module
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_info

from activelearn import core
from activelearn.core import training
from activelearn.models import TrainingRun
from activelearn.services.features import store
from activelearn.services.labels import calibrations, snapshots
from labeling.models import Project

Parts = dict[str, Any]
PACKAGES: Final = ("numpy", "scipy", "scikit-learn", "Pillow")


def parts_of(
    project: Project, snapshot: str, spec_hash: str, calibrated_on: str
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
        "model": training.RECIPE,
        "calibrated_on": calibrated_on,
        "is_multi": project.is_multi,
        "seed": project.seed,
        "code": _code(),
        "environment": environment(),
    }


def fingerprint(parts: Parts) -> str:
    """Return the SHA-256 of the parts' canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def finished(project: Project, name: str) -> TrainingRun | None:
    """Return the run that has done the experiment of this fingerprint, if one has."""
    runs = TrainingRun.objects.select_related("job", "judges", "same_as")
    return runs.filter(project=project, fingerprint=name).exclude(verdict="").first()


def finished_now(project: Project) -> TrainingRun | None:
    """Return the run that has learned already what could be learned at this moment."""
    # Cheap first: what follows reads every label and vote.
    if not TrainingRun.objects.filter(project=project).exclude(fingerprint="").exists():
        return None
    spec_hash = store.hash_of(store.spec_of(project))
    parts = parts_of(
        project, snapshots.hash_now(project), spec_hash, calibrations.hash_now(project)
    )
    return finished(project, fingerprint(parts))


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
