"""Encoders that the operator has installed: Python callables, by the entry points of packages.

A package names them in the group ``assay.encoders``: a name, and a callable that takes a list
of texts and returns as many rows of numbers. It runs in the processes of this server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from typing import Any, Final

import numpy as np

from activelearn.core import brought
from activelearn.core import features as core
from activelearn.services.features.costs import Costs
from labeling.errors import ConflictError
from labeling.messages import message

GROUP: Final = "assay.encoders"
# What names one of them, with the package that brings it and its version.
PROGRAM: Final = "program"
# Texts that a program is given at once.
AT_ONCE: Final = 256
# Numbers that a text may become, as of an embedding.
MOST: Final = 4096
# What programs of others raise; what torch and onnxruntime do are RuntimeErrors.
_FAILURES: Final = (
    *(ArithmeticError, AttributeError, ImportError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError, AssertionError),
)
logger = logging.getLogger(__name__)


def names() -> list[str]:
    """Return what the operator has installed, by name."""
    return sorted(metadata.entry_points(group=GROUP).names)


def given_of(name: str) -> core.Spec | None:
    """Return what names a program now, None where none of that name is installed."""
    package = _package_of(name)
    if package is None:
        return None
    return {
        "name": PROGRAM,
        "called": name,
        "package": package.name,
        # Another version may say something else of the same text.
        "version": package.version,
    }


def is_there(given: core.Spec) -> bool:
    """Whether a program is installed, in the version that it was added with."""
    there = given_of(given["called"])
    return there is not None and all(given.get(part) == there[part] for part in there)


def costs_of(name: str, per_second: int = 0) -> Costs:
    """Return what a program takes, as its package says; the speed is measured later."""
    package = _package_of(name)
    if package is None:
        return Costs(0, per_second)
    sizes = [file.size or 0 for file in package.files or ()]
    about = package.metadata
    licenses = [
        about[part] for part in ("License-Expression", "License") if part in about
    ]
    # Some put the whole text there.
    license_ = licenses[0].split("\n")[0][:40] if licenses else ""
    return Costs(round(sum(sizes) / 1e6, 1), per_second, license_)


def vectors_of(texts: Sequence[str], given: core.Spec) -> brought.BroughtVectors:
    """Return (n_texts, d) of what a program says of texts.

    A row that is not finite says nothing. Raises ConflictError where it is not installed in
    its version, fails, or says something else than equally many numbers of each text.
    """
    if not is_there(given):
        raise ConflictError(
            message(
                "“%(name)s” is not installed in version %(version)s any more.",
                name=given["called"],
                version=given["version"],
            )
        )
    parts = [
        _said(given, texts[start : start + AT_ONCE])
        for start in range(0, len(texts), AT_ONCE)
    ]
    # Unknown until it has been frozen.
    size = given.get("dimensions") or (parts[0].shape[1] if parts else 0)
    if any(part.shape[1] != size for part in parts):
        raise _failed(given, f"{[part.shape for part in parts][:3]}, {size} wanted")
    return np.concatenate([np.zeros((0, size), np.float32), *parts])


def _said(given: core.Spec, texts: Sequence[str]) -> brought.BroughtVectors:
    try:
        program = _program(given["called"], given["version"])
        vectors = np.asarray(program(list(texts)), dtype=np.float32)
    except _FAILURES as error:
        logger.exception("encoder %s", given["called"])
        raise _failed(given, f"{type(error).__name__}: {error}") from error
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise _failed(given, f"{vectors.shape}, {len(texts)} texts")
    if not 1 <= vectors.shape[1] <= MOST:
        raise _failed(given, f"{vectors.shape[1]} > {MOST}")
    return vectors


def _failed(given: core.Spec, why: str) -> ConflictError:
    return ConflictError(
        message(
            "“%(name)s” made no vectors: %(why)s", name=given["called"], why=why[:200]
        )
    )


# Named by its version, though a process goes on with what it has loaded.
@cache
def _program(name: str, _version: str) -> Callable[[list[str]], Any]:
    (entry, *_others) = metadata.entry_points(group=GROUP, name=name)
    program: Callable[[list[str]], Any] = entry.load()
    return program


def _package_of(name: str) -> metadata.Distribution | None:
    for entry in metadata.entry_points(group=GROUP, name=name):
        return entry.dist
    return None
