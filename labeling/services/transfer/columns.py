"""The order of a project's columns: that in which files brought them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from labeling.models import Project
from labeling.models.policy import MAX_COLUMN

# Data whose keys are values have no end of columns: those behind these keep the order
# of their row.
MOST: Final = 1000


class ColumnOrder:
    """Columns in the order in which they came; rows that are arranged add theirs."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._places: dict[str, int] = {}
        self._kept = 0
        # Of the last row: most rows have the columns of the one before.
        self._given: tuple[str, ...] = ()
        self._arranged: tuple[str, ...] = ()
        self.join(names)

    @property
    def names(self) -> list[str]:
        """The columns in their order."""
        return [*self._places]

    def join(self, kept: Iterable[str]) -> bool:
        """Go on from what a project has; columns that it does not have follow.

        Returns whether rows that are arranged already would be arranged otherwise.
        """
        names = dict.fromkeys([*kept])
        is_other = [*names] != self.names[: len(names)]
        self._kept = len(names)
        self._given = self._arranged = ()
        names |= dict.fromkeys(self._places)
        self._places = {name: place for place, name in enumerate(names)}
        return is_other

    def arranged(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data of a row in this order."""
        names = tuple(data)
        if names != self._given:
            self._add(names)
            self._given = names
            self._arranged = tuple(sorted(names, key=self._place))
        if self._arranged == names:
            return data
        return {name: data[name] for name in self._arranged}

    def _add(self, names: Iterable[str]) -> None:
        places = self._places
        for name in names:
            if name not in places and len(places) < MOST and len(name) <= MAX_COLUMN:
                places[name] = len(places)

    def _place(self, name: str) -> int:
        return self._places.get(name, MOST)

    def keep(self, project_id: int, names: list[str]) -> None:
        """Write down what is new of some ``names``: rows read ahead may have brought more.

        The caller holds the turn of imports.
        """
        if len(names) > self._kept:
            Project.objects.filter(pk=project_id).update(columns=names)
            self._kept = len(names)


def of_project(project_id: int) -> list[str]:
    """Return the columns that a project has now."""
    columns = Project.objects.values_list("columns", flat=True)
    return list(columns.get(pk=project_id))
