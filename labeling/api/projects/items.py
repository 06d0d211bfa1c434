"""The items of a project: search them, look at one, delete some or one."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Prefetch, QuerySet
from msgspec import UNSET

from labeling import queries
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.api.wire.projects import items as wire
from labeling.models import Item, Resolution
from labeling.services.projects import members, removal


def _with_labels(items: QuerySet[Item]) -> QuerySet[Item]:
    """Bring the label that each item has now, in one more query."""
    current = Resolution.objects.filter(superseded_at=None)
    return items.prefetch_related(Prefetch("resolutions", current, to_attr="current"))


class _ItemView(ProjectView):
    allowed: ClassVar = members.EXPLORE
    allowed_to_write: ClassVar = members.ENGINEER

    def _row(self, item: Item) -> wire.ItemRow:
        label: Resolution | None = next(iter(vars(item)["current"]), None)
        return wire.item_row_of(self.member.project.slug, item, label)


class ItemsView(_ItemView):
    """Search the items; for those who may see predictions."""

    @call(name="projects_items_list")
    def get(self, query: wire.ItemsQuery) -> Page[wire.ItemRow]:
        """List the items that the query names, newest first."""
        items = queries.items_matching(self.member.project, query.filters())
        return page_of(_with_labels(items), self.request, self._row)

    @call(202, name="projects_items_destroy_many")
    def delete(self, query: wire.DeletedItemsQuery) -> work.JobAsked:
        """Delete the items that the query names, with their votes, by a job.

        With ``expect`` only where they are so many.
        """
        project, user = self.member.project, self.member.user
        job = removal.request_deletion(
            project,
            user,
            query.filters(),
            expected=None if query.expect is UNSET else query.expect,
        )
        return work.asked_of(job)


class ItemView(_ItemView):
    """One item."""

    @call()
    def get(self, pk: int) -> wire.ItemRow:
        """Return it as in the list."""
        return self._row(self._item(pk))

    @call(204)
    def delete(self, pk: int) -> None:
        """Delete it with its votes."""
        removal.delete_now(self.member.project, [self._item(pk).pk])

    def _item(self, pk: int) -> Item:
        items = Item.objects.select_related("media", "prediction", "unread")
        return queries.item_of(self.member.project_id, pk, _with_labels(items))
