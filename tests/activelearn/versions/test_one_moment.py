"""The models page tells of one moment, whatever is promoted while it is made."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from activelearn.models import ModelVersion
from tests import make
from tests.test_list_queries import trained
from tests.test_pages import browser


@pytest.mark.django_db(transaction=True)
def test_a_promotion_between_two_queries_of_the_page_is_on_none_of_its_parts() -> None:
    project = make.project()
    trained(project, 2)
    newest = ModelVersion.objects.filter(project=project).latest("number")
    client = browser(make.manager_of(project).user)
    path = f"/projects/{project.slug}/models/"
    asked: list[str] = []

    def promote() -> None:
        ModelVersion.objects.filter(pk=newest.pk).update(stage="champion")

    def promote_after_the_first(
        execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        answer = execute(sql, params, many, context)
        if "activelearn_modelversion" in sql:
            if not asked:
                other = Thread(target=make.threaded(promote))
                other.start()
                other.join()
            asked.append(sql)
        return answer

    with connection.execute_wrapper(promote_after_the_first):
        page = client.get(path).context
    later = client.get(path).context

    assert len(asked) > 2
    assert ModelVersion.objects.get(pk=newest.pk).stage == "champion"
    assert page["champion"] is None
    assert [row.stage for row in page["models"].rows] == ["archived", "archived"]
    assert later["champion"] == newest
