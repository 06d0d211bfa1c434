"""Rows that were not taken as they stand: counted, and the first ones with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labeling.messages import Message, as_json


@dataclass
class CountedRows:
    """How many rows there are, and the reasons of at most ``most`` of them, as JSON."""

    most: int
    count: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, number: int, reason: Message) -> None:
        """Count a row, by its number; the first ones are kept with the reason."""
        self.count += 1
        # Bounded: millions of bad rows must not fill the row of the import.
        if len(self.rows) < self.most:
            self.rows.append({"row": number, "reason": as_json(reason)})
