"""The items of a project: search them, look at one, delete some or one."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from msgspec import UNSET

from labeling import queries
from labeling.api.http.calls import call
from labeling.api.http.pagination import Page, page_of
from labeling.api.http.scope import ProjectView
from labeling.api.wire import work
from labeling.api.wire.projects import items as wire
from labeling.models import Item, Resolution
from labeling.services.experts import blind
from labeling.services.projects import looking, members, removal


class _ItemView(ProjectView):
    allowed: ClassVar = members.EXPLORE
    allowed_to_write: ClassVar = members.ENGINEER

    def _row(self, item: Item) -> wire.ItemRow:
        label: Resolution | None = next(iter(vars(item)["current"]), None)
        row = wire.item_row_of(self.member.project.slug, item, label)
        if not vars(item)["may_see_model"]:
            row = wire.without_model(row)
        return (
            row
            if vars(item)["has_labeled"]
            else wire.without_name(row, item, self.member)
        )

    def _shown(self, items: QuerySet[Item]) -> QuerySet[Item]:
        """Bring along each item's label, and what of it may be seen."""
        return looking.with_labels(self.member, items).annotate(
            may_see_model=blind.column(blind.may_see_model(self.member)),
            has_labeled=blind.column(
                blind.has_labeled(self.member) & looking.is_seen(self.member)
            ),
        )


class ItemsView(_ItemView):
    """Search the items; for those who may see predictions."""

    @call(name="projects_items_list")
    def get(self, query: wire.ItemsQuery) -> Page[wire.ItemRow]:
        """List the items that the query names, newest first.

        A held-out item comes without its label for whoever may be asked for another vote
        on it, which is blind; for experts an item that they may have to answer without
        the model's prediction.
        """
        filters = query.filters()
        items = looking.items_matching(self.member, filters)
        if not filters.keys().isdisjoint(queries.MODEL_FILTERS):
            # Else a filter would tell what the row does not.
            items = items.filter(blind.may_see_model(self.member))
        return page_of(self._shown(items), self.request, self._row)

    @call(202, name="projects_items_destroy_many")
    def delete(self, query: wire.DeletedItemsQuery) -> work.JobAsked:
        """Delete the items that the query names, with their votes, by a job.

        With ``expect`` only where the query names exactly this number.
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
        return queries.item_of(self.member.project_id, pk, self._shown(items))
