"""``scipy.sparse``, loaded at the first use of a name.

Every process knows the learner's types and few compute with them: ten megabytes each.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(import_module("scipy.sparse"), name)
