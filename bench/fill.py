"""Fill projects by INSERT … SELECT, in seconds where imports would take minutes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import connection

from labeling.models import (
    ApiToken,
    Assignment,
    Item,
    Membership,
    Project,
    ProjectCounter,
    User,
)
from labeling.services.projects import creation, label_sets, members
from labeling.services.queue import order

_ITEMS = """
    INSERT INTO labeling_item (project_id, external_id, data, metadata, tags,
        content_hash, group_key, split, state, votes, votes_wanted, is_unsettled,
        flags, created_at)
    SELECT %(project)s, n::text, jsonb_build_object('text', 'question number ' || n),
           '{}', '{}', md5(n::text), n::text, 'pool', 'open', 0, %(wanted)s, false, 0,
           now()
    FROM generate_series(1, %(count)s) n
"""
_ANSWERED = """
    WITH mine AS (
        SELECT id FROM labeling_item WHERE project_id = %(project)s
        ORDER BY id LIMIT %(count)s
    ), counted AS (
        UPDATE labeling_item i SET votes = votes + 1, state = %(state)s FROM mine
        WHERE i.id = mine.id
    ), lent AS (
        INSERT INTO labeling_assignment (project_id, item_id, annotator_id, slot, state,
            leased_at, expires_at, reason, generation)
        SELECT %(project)s, id, %(user)s, %(slot)s, 'answered', now(), now(),
               %(reason)s, 0
        FROM mine RETURNING id, item_id
    )
    INSERT INTO labeling_annotation (project_id, item_id, annotator_id, assignment_id,
        client_id, request_hash, labels, is_unsure, comment, version, created_at,
        updated_at, label_set_id, reason, is_right)
    SELECT %(project)s, item_id, %(user)s, id, gen_random_uuid(), '', '{x}', false, '',
           1, now(), now(), %(labels)s, %(reason)s,
           CASE WHEN %(reason)s = 'gold' THEN true END
    FROM lent
"""
_SKIPPED = """
    INSERT INTO labeling_assignment (project_id, item_id, annotator_id, slot, state,
        leased_at, expires_at, reason, generation)
    SELECT project_id, id, %(user)s, 0, 'skipped', now(), now(), 'random', 0
    FROM labeling_item WHERE project_id = %(project)s ORDER BY id LIMIT %(count)s
"""
_KNOWN = """
    INSERT INTO labeling_gold (item_id, labels, label_set_id, is_question, created_at)
    SELECT id, '{x}', %(labels)s, true, now()
    FROM labeling_item WHERE project_id = %(project)s ORDER BY id LIMIT %(count)s
    ON CONFLICT DO NOTHING
"""
_LABELED = """
    INSERT INTO labeling_resolution (project_id, item_id, labels, source, confidence,
        soft_label, label_set_id, created_at)
    SELECT %(project)s, item_id, labels, 'consensus', 1, '{"x": 1.0}', %(labels)s, now()
    FROM labeling_annotation WHERE project_id = %(project)s
"""


def project(items: int, **policy: object) -> Project:
    """Return a new project with open items, not queued yet."""
    owner = User.objects.create_user(f"owner-{uuid4().hex[:8]}", is_superuser=True)
    labels = [label_sets.LabelDraft(name) for name in ("x", "y")]
    draft = creation.ProjectDraft(
        name=f"Bench {uuid4().hex[:8]}", data_type="text", labels=labels, policy=policy
    )
    made = creation.create(owner, draft)
    values: dict[str, int] = {
        "project": made.pk,
        "wanted": made.min_votes,
        "count": items,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, values)
        cursor.execute("ANALYZE labeling_item")
    return made


def person(of: Project, **limits: Any) -> Membership:
    """Return a new annotator."""
    user = User.objects.create(username=f"person-{uuid4().hex[:8]}")
    added = members.add(of, user, "annotator")
    Membership.objects.filter(pk=added.pk).update(**limits)
    return Membership.objects.select_related("project", "user").get(pk=added.pk)


def token(of: Project) -> str:
    """Return the token of a new annotator."""
    return ApiToken.issue(person(of).user)


def answer(who: Membership, count: int) -> None:
    """Let a person have answered the first items, as one vote each."""
    state = "settled" if who.project.min_votes == 1 else "open"
    _write(who, _ANSWERED, count, slot=0, state=state, reason="random")
    ProjectCounter.add(who.project_id, who.user_id, votes=count)


def answer_gold(who: Membership, count: int) -> None:
    """Let a person have answered the first items rightly as gold questions."""
    asked = Assignment.objects.filter(project=who.project, reason="gold")
    slot = 1000 + asked.values("annotator").distinct().count()
    _write(who, _KNOWN, count)
    _write(who, _ANSWERED, count, slot=slot, state="settled", reason="gold")
    ProjectCounter.add(
        who.project_id, who.user_id, votes=count, known=count, known_right=count
    )


def skip(who: Membership, count: int) -> None:
    """Let a person have skipped the first items."""
    _write(who, _SKIPPED, count)
    Membership.objects.filter(pk=who.pk).update(has_skipped=True)
    ProjectCounter.add(who.project_id, who.user_id, skips=count)


def _write(who: Membership, query: str, count: int, **more: str | int) -> None:
    values: dict[str, str | int] = {
        **more,
        "project": who.project_id,
        "user": who.user_id,
        "labels": who.project.label_set_pk,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for table in ("item", "assignment", "annotation", "gold"):
            cursor.execute(f"ANALYZE labeling_{table}")


def label(of: Project) -> None:
    """Give the items that a person has answered their labels."""
    with connection.cursor() as cursor:
        cursor.execute(_LABELED, {"project": of.pk, "labels": of.label_set_pk})
        cursor.execute("ANALYZE labeling_resolution")


def rank(of: Project, most: int) -> None:
    """Swap in a queue: further votes of what has one, then first votes."""
    open_items = Item.objects.filter(project=of).wanting_votes().order_by("pk")
    entries = [
        order.Entry(
            pk, votes, votes == 0, float(place), "model" if not votes else "second"
        )
        for place, (pk, votes) in enumerate(
            open_items.values_list("pk", "votes")[:most]
        )
    ]
    order.swap(of.pk, entries)
