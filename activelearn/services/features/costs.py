"""What each representation takes, as far as that is known before it is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Costs:
    """What a representation takes.

    megabytes: its file on the server's disk. per_second: short texts or pictures that one
    processor reads, as measured on one of 2023. license: of its encoder.
    """

    megabytes: float
    per_second: int
    license: str = ""


COSTS: Final[Mapping[tuple[str, str], Costs]] = {
    ("text", "joined"): Costs(8.2, 18_000, "Apache-2.0"),
    ("text", "hashed"): Costs(0, 20_000),
    ("text", "encoded"): Costs(8.2, 130_000, "Apache-2.0"),
    ("text", "whole"): Costs(90.9, 200, "Apache-2.0"),
    ("text", "vectors"): Costs(0, 10_000),
    ("text", "address"): Costs(0, 0),
    ("image", "vectors"): Costs(0, 350),
    ("image", "joined"): Costs(6.8, 25, "Apache-2.0"),
    ("image", "own"): Costs(0, 350),
    ("image", "encoded"): Costs(6.8, 25, "Apache-2.0"),
}
