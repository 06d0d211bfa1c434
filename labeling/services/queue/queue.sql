-- lend: renew what a person holds, and lend them the next slots of one lane.
-- For roles that are asked for every purpose, which read the lane as it is.
-- One statement, because a lease is a call that people wait for: a second round trip would
-- cost more than all of this.
WITH held AS (
    UPDATE labeling_assignment a
    SET expires_at = now() + %(minutes)s * interval '1 minute'
    -- An array is computed once. With IN, a plan may run the subquery for each row, and
    -- one that locks skips the rows that this statement has changed: it passes its limit.
    WHERE %(renews)s AND a.id = ANY(ARRAY(
        SELECT id FROM labeling_assignment
        WHERE project_id = %(project)s AND state = 'leased' AND expires_at > now()
              -- Lock the membership first; otherwise two windows of a person deadlock.
              AND annotator_id = (
                  SELECT user_id FROM labeling_membership
                  WHERE id = %(member)s FOR NO KEY UPDATE)
        -- By id, as giving back locks them; another order deadlocks with it.
        ORDER BY id LIMIT %(count)s FOR UPDATE))
    RETURNING a.*
), wanted AS MATERIALIZED (
    SELECT greatest(0, least(%(most)s, %(count)s - count(*))) AS slots FROM held
), picked AS MATERIALIZED (
    SELECT q.* FROM labeling_queueentry q
    WHERE q.project_id = %(project)s AND q.is_first = %(is_first)s
          AND q.rank >= %(from)s::float8
          -- One's own are skipped, not dropped: an expired one may come back.
          AND NOT EXISTS (SELECT FROM labeling_met_by(%(user)s, q.item_id))
    ORDER BY q.rank, q.id LIMIT (SELECT slots FROM wanted)
    -- What another lease takes at this moment is passed over: nobody waits for an entry.
    FOR UPDATE SKIP LOCKED
-- Where two slots of one item are picked, a person gets one of them, and the other
-- stays in the queue for somebody else.
), one_slot AS (
    SELECT DISTINCT ON (item_id) * FROM picked ORDER BY item_id, slot
), gone AS (
    -- A stale entry goes too, although nothing is lent for it below.
    DELETE FROM labeling_queueentry WHERE id IN (SELECT id FROM one_slot)
), head AS (
    -- min, not max: between the picked entries lie some that are locked now and may
    -- come back.
    SELECT min(rank) AS rank FROM picked
), passed AS (
    UPDATE labeling_membership m
    SET passed_first = CASE WHEN %(is_first)s THEN p.rank ELSE %(first)s::float8 END,
        passed_further = CASE WHEN %(is_first)s THEN %(further)s::float8 ELSE p.rank END,
        passed_generation = %(generation)s, passed_since = %(since)s
    FROM head p
    -- Nobody waits for another window that moves the place: it is only a hint.
    WHERE %(moves)s AND p.rank IS NOT NULL AND m.id = (
        SELECT id FROM labeling_membership WHERE id = %(member)s
        FOR NO KEY UPDATE SKIP LOCKED)
), lent AS (
    INSERT INTO labeling_assignment AS a
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at, reason,
         probability, mixture, generation, model_number, suggestion, rank)
    SELECT %(project)s, p.item_id, %(user)s, p.slot, 'leased', now(),
           now() + %(minutes)s * interval '1 minute', p.reason, p.probability,
           p.mixture, p.generation, p.model_number, p.suggestion, p.rank
    -- An entry whose slot is not free any more is stale: it is dropped, not lent.
    FROM one_slot p JOIN labeling_freeslot f USING (item_id, slot)
    ORDER BY p.rank, p.item_id
    -- The same row again for an item that this person gave back: a person has one for
    -- each item. A slot that another lease has taken at this moment is no such
    -- conflict: one_live_slot raises an error, and the caller looks again.
    ON CONFLICT (annotator_id, item_id, is_repeat) DO UPDATE
        SET slot = excluded.slot, state = 'leased', leased_at = excluded.leased_at,
            expires_at = excluded.expires_at, reason = excluded.reason,
            probability = excluded.probability, mixture = excluded.mixture,
            generation = excluded.generation,
            model_number = excluded.model_number, suggestion = excluded.suggestion,
            rank = excluded.rank
        WHERE a.state IN ('expired', 'released')
    RETURNING a.*
), a AS (SELECT * FROM held UNION ALL SELECT * FROM lent)
-- Columns by name: a kept plan fails when * means more columns than before.
SELECT a.id, a.project_id, a.item_id, a.annotator_id, a.slot, a.state, a.leased_at,
       a.expires_at, a.reason, a.probability, a.mixture, a.generation,
       a.model_number, a.suggestion, a.rank, a.is_repeat,
       i.id, i.project_id, i.external_id, i.data, i.media_id, i.metadata, i.tags,
       i.content_hash, i.group_key, i.split, i.state, i.votes, i.votes_wanted,
       i.is_unsettled, i.flags, i.created_at,
       m.id, m.sha256, m.path, m.mime, m.size, m.width, m.height,
       tally.fresh, tally.head
FROM (SELECT (SELECT count(*) FROM lent) AS fresh, rank AS head FROM head) tally
LEFT JOIN (a JOIN labeling_item i ON i.id = a.item_id
           LEFT JOIN labeling_media m ON m.id = i.media_id) ON true
ORDER BY a.id

-- lend_by_purpose: renew what a person holds, and lend them slots for their purposes.
-- Each kind is read by itself, so that what others do is never read; or entries that the
-- caller has chosen. A statement of its own: in one with ``lend``, the two more heads
-- cost each lease a tenth of the server's time.
WITH held AS (
    UPDATE labeling_assignment a
    SET expires_at = now() + %(minutes)s * interval '1 minute'
    WHERE %(renews)s AND a.id = ANY(ARRAY(
        SELECT id FROM labeling_assignment
        WHERE project_id = %(project)s AND state = 'leased' AND expires_at > now()
              AND annotator_id = (
                  SELECT user_id FROM labeling_membership
                  WHERE id = %(member)s FOR NO KEY UPDATE)
        ORDER BY id LIMIT %(count)s FOR UPDATE))
    RETURNING a.*
), wanted AS MATERIALIZED (
    SELECT greatest(0, least(%(most)s, %(count)s - count(*))) AS slots FROM held
), picked AS MATERIALIZED (
    SELECT * FROM (
        SELECT q.* FROM unnest(%(purposes)s::text[]) kind (work) CROSS JOIN LATERAL (
            SELECT q.* FROM labeling_queueentry q
            -- This condition is always true; the index of purposes is made for it alone.
            WHERE q.work <> '' AND q.work = kind.work AND q.project_id = %(project)s
                  AND q.is_first = %(is_first)s AND q.rank >= %(from)s::float8
                  AND NOT EXISTS (SELECT FROM labeling_met_by(%(user)s, q.item_id))
            ORDER BY q.rank, q.id LIMIT (SELECT slots FROM wanted)
            FOR UPDATE SKIP LOCKED) q
        UNION ALL
        -- The grid has chosen these; one that is gone by now (race) is passed over.
        SELECT * FROM (
            SELECT q.* FROM labeling_queueentry q
            WHERE q.id = ANY(%(these)s::bigint[]) AND q.work = ANY(%(asked)s::text[])
                  AND q.project_id = %(project)s AND q.is_first = %(is_first)s
                  AND NOT EXISTS (SELECT FROM labeling_met_by(%(user)s, q.item_id))
            ORDER BY q.rank, q.id LIMIT (SELECT slots FROM wanted)
            FOR UPDATE SKIP LOCKED) q
    -- Each kind has given up to as many as are wanted. What is left over stays in the
    -- queue: its locks end with the commit.
    ) q ORDER BY rank, id LIMIT (SELECT slots FROM wanted)
-- From here on as in lend, which tests/labeling/test_lean.py holds.
), one_slot AS (
    SELECT DISTINCT ON (item_id) * FROM picked ORDER BY item_id, slot
), gone AS (
    DELETE FROM labeling_queueentry WHERE id IN (SELECT id FROM one_slot)
), head AS (
    SELECT min(rank) AS rank FROM picked
), passed AS (
    UPDATE labeling_membership m
    SET passed_first = CASE WHEN %(is_first)s THEN p.rank ELSE %(first)s::float8 END,
        passed_further = CASE WHEN %(is_first)s THEN %(further)s::float8 ELSE p.rank END,
        passed_generation = %(generation)s, passed_since = %(since)s
    FROM head p
    WHERE %(moves)s AND p.rank IS NOT NULL AND m.id = (
        SELECT id FROM labeling_membership WHERE id = %(member)s
        FOR NO KEY UPDATE SKIP LOCKED)
), lent AS (
    INSERT INTO labeling_assignment AS a
        (project_id, item_id, annotator_id, slot, state, leased_at, expires_at, reason,
         probability, mixture, generation, model_number, suggestion, rank)
    SELECT %(project)s, p.item_id, %(user)s, p.slot, 'leased', now(),
           now() + %(minutes)s * interval '1 minute', p.reason, p.probability,
           p.mixture, p.generation, p.model_number, p.suggestion, p.rank
    FROM one_slot p JOIN labeling_freeslot f USING (item_id, slot)
    ORDER BY p.rank, p.item_id
    ON CONFLICT (annotator_id, item_id, is_repeat) DO UPDATE
        SET slot = excluded.slot, state = 'leased', leased_at = excluded.leased_at,
            expires_at = excluded.expires_at, reason = excluded.reason,
            probability = excluded.probability, mixture = excluded.mixture,
            generation = excluded.generation,
            model_number = excluded.model_number, suggestion = excluded.suggestion,
            rank = excluded.rank
        WHERE a.state IN ('expired', 'released')
    RETURNING a.*
), a AS (SELECT * FROM held UNION ALL SELECT * FROM lent)
-- Columns by name: a kept plan fails when * means more columns than before.
SELECT a.id, a.project_id, a.item_id, a.annotator_id, a.slot, a.state, a.leased_at,
       a.expires_at, a.reason, a.probability, a.mixture, a.generation,
       a.model_number, a.suggestion, a.rank, a.is_repeat,
       i.id, i.project_id, i.external_id, i.data, i.media_id, i.metadata, i.tags,
       i.content_hash, i.group_key, i.split, i.state, i.votes, i.votes_wanted,
       i.is_unsettled, i.flags, i.created_at,
       m.id, m.sha256, m.path, m.mime, m.size, m.width, m.height,
       tally.fresh, tally.head
FROM (SELECT (SELECT count(*) FROM lent) AS fresh, rank AS head FROM head) tally
LEFT JOIN (a JOIN labeling_item i ON i.id = a.item_id
           LEFT JOIN labeling_media m ON m.id = i.media_id) ON true
ORDER BY a.id

-- lend_chosen: lend items that a person has chosen, each by its first free slot.
-- Not from the queue: its entries for these slots become stale, and leases drop them. A
-- slot that is taken at this moment (race) raises an error by one_live_slot, and the caller
-- looks again.
INSERT INTO labeling_assignment AS a
    (project_id, item_id, annotator_id, slot, state, leased_at, expires_at, reason,
     generation)
SELECT f.project_id, f.item_id, %(user)s, min(f.slot), 'leased', now(),
       now() + %(minutes)s * interval '1 minute', 'chosen', 0
FROM labeling_freeslot f
WHERE f.project_id = %(project)s AND f.item_id = ANY(%(items)s)
      AND f.work = ANY(%(purposes)s)
GROUP BY f.project_id, f.item_id
ORDER BY f.item_id LIMIT %(count)s
ON CONFLICT (annotator_id, item_id, is_repeat) DO UPDATE
    -- Nothing is left of what the person was lent before: nobody ranked this one.
    SET slot = excluded.slot, state = 'leased', leased_at = excluded.leased_at,
        expires_at = excluded.expires_at, reason = excluded.reason, probability = NULL,
        mixture = NULL, generation = excluded.generation, model_number = NULL,
        suggestion = NULL, rank = NULL
    -- Chosen by name, an item comes back even where the person has skipped it.
    WHERE a.state IN ('expired', 'released', 'skipped')

-- lend_questions: lend gold questions that a person has never seen.
-- Each person meets them in an order of their own.
INSERT INTO labeling_assignment
    (project_id, item_id, annotator_id, slot, state, leased_at, expires_at, reason,
     generation)
SELECT i.project_id, i.id, %(user)s, last.slot + 1, 'leased', now(),
       now() + %(minutes)s * interval '1 minute', 'gold', 0
FROM labeling_gold g
JOIN labeling_item i ON i.id = g.item_id
CROSS JOIN LATERAL (
    -- Far above the slots of votes, and the next after that of the person asked last:
    -- one_live_slot would refuse the same slot.
    SELECT greatest(max(slot), %(first_slot)s - 1) AS slot FROM labeling_assignment a
    WHERE a.item_id = i.id AND a.reason = 'gold') AS last
WHERE i.project_id = %(project)s AND g.is_question AND i.state = 'settled'
      AND NOT EXISTS (
          SELECT 1 FROM labeling_assignment a
          WHERE a.annotator_id = %(user)s AND a.item_id = i.id)
ORDER BY hashint8extended(i.id, %(user)s) LIMIT %(count)s
-- Race: another person is asked it at this moment; this one is asked it later.
ON CONFLICT DO NOTHING
RETURNING id

-- lend_repeats: lend items that a person answered around a moment, each once more.
WITH before AS (
    SELECT item_id FROM labeling_annotation
    WHERE annotator_id = %(user)s AND project_id = %(project)s AND id <= %(latest)s
          AND undone_at IS NULL AND reason NOT IN ('gold', 'repeat', 'import')
    ORDER BY id DESC LIMIT %(near)s
)
INSERT INTO labeling_assignment
    (project_id, item_id, annotator_id, slot, state, leased_at, expires_at, reason,
     generation)
SELECT %(project)s, b.item_id, %(user)s, last.slot + 1, 'leased', now(),
       now() + %(minutes)s * interval '1 minute', 'repeat', 0
FROM before b
JOIN labeling_item i ON i.id = b.item_id AND i.state <> 'invalid'
CROSS JOIN LATERAL (
    SELECT greatest(max(slot), %(first_slot)s - 1) AS slot FROM labeling_assignment a
    WHERE a.item_id = b.item_id AND a.is_repeat) AS last
WHERE NOT EXISTS (
    SELECT 1 FROM labeling_assignment a
    WHERE a.annotator_id = %(user)s AND a.item_id = b.item_id AND a.is_repeat)
-- Not the newest first: they come in an order that the person cannot foresee.
ORDER BY hashint8extended(b.item_id, %(user)s) LIMIT %(count)s
-- Race: another person repeats the same item at this moment and has the slot.
ON CONFLICT DO NOTHING
RETURNING id

-- lock_member: let no other window of a person lend to them until the commit.
-- The same lock as that of ``held`` in lend, so the two ways exclude each other.
SELECT 1 FROM labeling_membership WHERE id = %(member)s FOR NO KEY UPDATE

-- facts: count what a person's allowance depends on, all as of one moment.
-- In two looks, a vote that comes between them would be counted by neither.
SELECT (SELECT count(*) FROM labeling_assignment
        WHERE annotator_id = person.id AND project_id = %(project)s
              AND state = 'leased' AND expires_at > now()),
       coalesce(c.votes + c.repeats, 0), coalesce(c.known, 0),
       coalesce(c.known_right, 0),
       (SELECT count(*) FROM (
            SELECT FROM labeling_assignment
            WHERE annotator_id = person.id AND project_id = %(project)s
                  AND reason = 'gold' LIMIT %(few)s) asked)
FROM (SELECT %(user)s::bigint AS id) person
LEFT JOIN labeling_projectcounter c
    ON c.project_id = %(project)s AND c.annotator_id = person.id

-- is_held_by_others: tell whether this person may get a slot later.
-- What another lease has locked at this moment is in the queue still.
SELECT EXISTS (
    SELECT FROM (
        SELECT item_id FROM labeling_queueentry
        WHERE project_id = %(project)s AND work = ANY(%(purposes)s)
        UNION ALL
        SELECT a.item_id FROM labeling_assignment a
        JOIN labeling_item i ON i.id = a.item_id
        WHERE a.project_id = %(project)s AND a.state = 'leased'
              AND a.reason NOT IN ('gold', 'repeat')
              AND labeling_work_of(i.split, a.slot) = ANY(%(purposes)s)
    ) taken
    WHERE NOT EXISTS (SELECT FROM labeling_met_by(%(user)s, taken.item_id)))

-- stage: make the table from which a new order is swapped in.
CREATE TEMP TABLE staged (
    item_id bigint, slot smallint, is_first boolean, rank double precision, reason text,
    probability double precision, mixture jsonb, model_number integer, suggestion jsonb
) ON COMMIT DROP

-- next_generation: count up the generation of a project's queue.
UPDATE labeling_project SET queue_generation = queue_generation + 1
WHERE id = %(project)s RETURNING queue_generation

-- entries: list the ids of a project's entries, but those of reviews.
-- These stand ahead of all orders until people have settled them.
SELECT id FROM labeling_queueentry
WHERE project_id = %(project)s AND rank >= %(reviews)s::float8

-- swap_in: queue the staged entries as a generation before all earlier ones.
INSERT INTO labeling_queueentry
    (project_id, generation, item_id, slot, is_first, rank, work, reason, probability,
     mixture, model_number, suggestion)
SELECT %(project)s, %(generation)s, s.item_id, s.slot, s.is_first,
       s.rank - %(generation)s * %(step)s, labeling_work_of(i.split, s.slot), s.reason,
       s.probability, s.mixture, s.model_number, s.suggestion
FROM staged s JOIN labeling_item i ON i.id = s.item_id
-- A lease that comes between this look and the commit leaves a stale entry, which the
-- next lease drops.
WHERE i.project_id = %(project)s
  AND (i.state = 'open'
       OR (i.state = 'settled' AND i.split = 'evaluation' AND i.votes > 0))
  AND NOT EXISTS (
    SELECT 1 FROM labeling_assignment a
    WHERE a.item_id = s.item_id AND a.slot = s.slot
          AND a.state IN ('leased', 'answered'))
  -- A slot that stands ahead of all orders needs no second place.
  AND NOT EXISTS (
    SELECT 1 FROM labeling_queueentry q
    WHERE q.project_id = %(project)s AND q.is_first IN (true, false)
          AND q.rank < %(reviews)s::float8
          AND q.item_id = s.item_id AND q.slot = s.slot)
ON CONFLICT DO NOTHING

-- queue_reviews: queue the free slots of items under review ahead of all orders.
-- By priority, then by deadline, then as they came; of some items or of all.
INSERT INTO labeling_queueentry AS q
    (project_id, generation, is_first, rank, item_id, slot, work, reason)
SELECT f.project_id, 0, f.slot = 0, r.rank, f.item_id, f.slot, f.work,
       CASE WHEN f.slot > 0 THEN 'second' ELSE 'review' END
FROM (
    SELECT item_id, min(
        %(first)s::float8 + (9 - priority) * %(step)s::float8
        -- Without a deadline behind those that have one: they come before the year 5000.
        + coalesce(1000 * extract(epoch FROM deadline_at), 1e14 + id)) AS rank
    FROM labeling_review
    WHERE project_id = %(project)s AND state = 'open' AND item_id IS NOT NULL
          AND (%(items)s::bigint[] IS NULL OR item_id = ANY(%(items)s::bigint[]))
    GROUP BY item_id) r
JOIN labeling_freeslot f ON f.item_id = r.item_id
WHERE f.votes < f.votes_wanted
-- Lock order: two calls about the same items could deadlock otherwise.
ORDER BY f.item_id, f.slot
-- What was filled in as uploaded moves ahead.
ON CONFLICT (item_id, slot, generation) DO UPDATE
    SET rank = excluded.rank, reason = excluded.reason
    WHERE q.rank > excluded.rank

-- refill: queue free slots that no entry stands for, of items new to this person.
-- Only slots this person may take; else someone who has answered everything would
-- refill the queue for others on every call.
INSERT INTO labeling_queueentry
    (project_id, generation, is_first, rank, item_id, slot, work, reason)
SELECT f.project_id, 0, f.slot = 0, %(step)s + f.slot * %(step)s + f.item_id, f.item_id,
       f.slot, f.work, CASE WHEN f.slot > 0 THEN 'second' ELSE 'refill' END
FROM labeling_freeslot f
WHERE f.project_id = %(project)s AND f.votes < f.votes_wanted
      AND f.work = ANY(%(purposes)s)
      -- By the split too where the purposes allow it: an index knows it, and no purpose.
      AND (%(split)s::text IS NULL OR f.split = %(split)s::text)
      AND NOT EXISTS (
          SELECT 1 FROM labeling_queueentry q
          WHERE q.item_id = f.item_id AND q.slot = f.slot)
      AND NOT EXISTS (SELECT FROM labeling_met_by(%(user)s, f.item_id))
-- As uploaded: nobody has ranked them yet. A few hundred, so that the call stays short.
ORDER BY f.item_id LIMIT %(count)s
-- Race: a slot that is given back at this moment has its entry already.
ON CONFLICT DO NOTHING

-- queue_further: queue the free slots of items that nobody has ranked, behind all orders.
INSERT INTO labeling_queueentry
    (project_id, generation, is_first, rank, item_id, slot, work, reason)
SELECT f.project_id, 0, false, %(step)s + f.slot * %(step)s + f.item_id, f.item_id,
       f.slot, f.work, 'second'
FROM labeling_freeslot f
WHERE f.item_id = ANY(%(items)s) AND f.votes < f.votes_wanted AND NOT EXISTS (
    SELECT 1 FROM labeling_queueentry q
    WHERE q.item_id = f.item_id AND q.slot = f.slot)
ON CONFLICT DO NOTHING

-- requeue: queue the slots of ended assignments where they stood.
-- Those of gold questions and repeats are one person's own.
INSERT INTO labeling_queueentry
    (project_id, generation, is_first, rank, item_id, slot, work, reason, probability,
     mixture, model_number, suggestion)
-- An order may put slot 0 into the lane of further votes, where the item's first vote
-- stands in another slot; it goes back to that lane. So it does where somebody has met the
-- item by another slot meanwhile: in the lane of first votes nobody passes over their own.
SELECT a.project_id, a.generation, a.slot = 0 AND a.reason <> 'second' AND NOT EXISTS (
           SELECT FROM labeling_assignment o
           WHERE o.item_id = a.item_id AND o.slot <> a.slot
                 AND o.state IN ('leased', 'answered')),
       -- What was chosen by name had no rank: 0 lies behind all orders, before what is
       -- refilled.
       coalesce(a.rank, 0), a.item_id, a.slot, labeling_work_of(i.split, a.slot),
       CASE a.reason WHEN 'chosen' THEN 'returned' ELSE a.reason END,
       a.probability, a.mixture, a.model_number, a.suggestion
FROM labeling_assignment a JOIN labeling_item i ON i.id = a.item_id
WHERE a.id = ANY(%(ids)s) AND a.reason NOT IN ('gold', 'repeat')
-- Race: a lease that found nothing has queued the slot anew at this moment.
ON CONFLICT DO NOTHING

-- withdraw: take items, or one slot of them, out without waiting for a lease.
DELETE FROM labeling_queueentry WHERE id = ANY(ARRAY(
    -- An array is computed once (see lend): with IN, a plan may lock again for each row.
    SELECT id FROM labeling_queueentry
    WHERE item_id = ANY(%(items)s) AND slot = coalesce(%(slot)s::int, slot)
    FOR UPDATE SKIP LOCKED))

-- drop_entries: delete entries of an earlier generation, without waiting for a lease.
-- Not what has moved ahead since it was listed.
DELETE FROM labeling_queueentry WHERE id IN (
    SELECT id FROM labeling_queueentry
    WHERE id = ANY(%(ids)s) AND rank >= %(reviews)s::float8 FOR UPDATE SKIP LOCKED)
