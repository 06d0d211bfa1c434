-- Statements about votes. Lock order: assignment, vote, item, counter (queue/locks.py).
-- A vote is written here and nowhere else (tests/architecture/test_budgets.py): a new one by
-- keep_vote, those of another tool by keep_past_votes, a change by change_vote; judge_anew
-- says again whether votes are right. From ``marked`` on keep_vote and change_vote are the
-- same, word for word; what a vote counts and what its event says are functions of the
-- database (migration 0038) for all of them and for the recount
-- (tests/labeling/votes/test_writing.py).

-- keep_vote: write a vote with its event and counts, and mark its item to be settled.
-- Nothing is written, and no row returned, where the lease is not live or the vote or
-- its client_id is there already. With is_locked the caller has locked the assignment
-- and made sure that it may be answered although its lease has ended.
WITH mine AS (
    SELECT * FROM labeling_assignment
    WHERE id = %(assignment)s AND annotator_id = %(annotator)s
          AND project_id = %(project)s
          AND (%(is_locked)s::bool
               -- Not now(): in a transaction of the caller that is the moment before it
               -- waited for a lock.
               OR (state = 'leased' AND expires_at >= statement_timestamp()))
    -- Two windows may answer at once: the second waits here, and then finds the vote.
    FOR UPDATE
), vote AS (
    INSERT INTO labeling_annotation
        (project_id, item_id, annotator_id, assignment_id, client_id, request_hash,
         labels, is_unsure, seconds, comment, version, created_at, updated_at,
         label_set_id, guideline_id, reason, probability, mixture, model_number,
         suggestion_shown, is_right, screen)
    SELECT project_id, item_id, annotator_id, id, %(client_id)s::uuid, %(request_hash)s,
           %(labels)s::text[], %(is_unsure)s::bool, %(seconds)s::float8, %(comment)s, 1,
           statement_timestamp(), statement_timestamp(), %(label_set)s::bigint,
           %(guideline)s::bigint, reason, probability, mixture, model_number,
           %(suggestion_shown)s::jsonb,
           CASE WHEN reason = 'gold' THEN EXISTS (
               SELECT 1 FROM labeling_gold g
               WHERE g.item_id = mine.item_id AND g.labels = %(labels)s::varchar[]) END,
           %(screen)s
    FROM mine
    -- Sent twice at one moment (race): the first one has written all of it.
    ON CONFLICT DO NOTHING
    RETURNING *
), answered AS (
    UPDATE labeling_assignment a SET state = 'answered'
    FROM vote WHERE a.id = vote.assignment_id
), counts AS (
    SELECT new.* FROM vote CROSS JOIN LATERAL
        labeling_vote_counts(vote.reason, vote.is_right, vote.undone_at) new
), marked AS (
    -- A repeat is no vote: nothing is settled by it.
    UPDATE labeling_item i SET votes = i.votes + counts.votes, is_unsettled = true
    FROM vote CROSS JOIN counts
    WHERE i.id = vote.item_id AND vote.reason <> 'repeat'
    RETURNING i.id
), counted AS (
    INSERT INTO labeling_projectcounter AS c
        (project_id, annotator_id, votes, repeats, known, known_right)
    SELECT vote.project_id, vote.annotator_id, counts.votes, counts.repeats,
           counts.known, counts.known_right
    FROM vote CROSS JOIN counts
    -- This join keeps the lock order, the item's row before the counter's; without it,
    -- two people who answer one item, and a recount, could deadlock.
    LEFT JOIN marked ON marked.id = vote.item_id
    -- Most edits change no count: they leave the counter's row alone.
    WHERE counts.votes <> 0 OR counts.repeats <> 0 OR counts.known_right <> 0
    -- Race: two first votes of a person may both create the row; either may win.
    ON CONFLICT (project_id, annotator_id) DO UPDATE
        SET votes = c.votes + excluded.votes, repeats = c.repeats + excluded.repeats,
            known = c.known + excluded.known,
            known_right = c.known_right + excluded.known_right
), noted AS (
    INSERT INTO labeling_annotationevent
        (project_id, item_id, assignment_id, annotation_id, actor_id, kind, payload, at)
    SELECT project_id, item_id, assignment_id, id, annotator_id, %(kind)s,
           labeling_vote_event(labels, version, comment, is_unsure),
           statement_timestamp()
    FROM vote
)
-- Columns by name: a prepared statement fails when * means more columns than before.
SELECT id, project_id, item_id, annotator_id, assignment_id, client_id, request_hash,
       labels, is_unsure, seconds, comment, version, undone_at, created_at, updated_at,
       label_set_id, guideline_id, reason, probability, mixture, model_number,
       suggestion_shown, is_right, screen
FROM vote

-- keep_past_votes: write the votes of another tool, with their events and counts.
-- As keep_vote does for one: a row at a time takes twice as long, since each vote changes
-- its annotator's counter, whose versions within one transaction all stay. A vote that is
-- there already is left out, and the caller sees that one is missing.
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(votes)s::jsonb)
        AS v (assignment bigint, client_id uuid, labels text[], seconds float8)
), vote AS (
    INSERT INTO labeling_annotation
        (project_id, item_id, annotator_id, assignment_id, client_id, request_hash,
         labels, is_unsure, seconds, comment, version, created_at, updated_at,
         label_set_id, reason, screen)
    SELECT a.project_id, a.item_id, a.annotator_id, a.id, g.client_id, '', g.labels,
           false, g.seconds, '', 1, a.leased_at, a.leased_at, %(label_set)s::bigint,
           a.reason, ''
    FROM given g JOIN labeling_assignment a ON a.id = g.assignment
    ORDER BY a.id
    ON CONFLICT DO NOTHING
    RETURNING *
), counts AS (
    SELECT vote.project_id, vote.item_id, vote.annotator_id, new.* FROM vote
    CROSS JOIN LATERAL
        labeling_vote_counts(vote.reason, vote.is_right, vote.undone_at) new
), marked AS (
    UPDATE labeling_item i SET votes = i.votes + mine.votes, is_unsettled = true
    FROM (SELECT item_id, sum(votes) AS votes FROM counts GROUP BY item_id) mine
    WHERE i.id = mine.item_id
), counted AS (
    INSERT INTO labeling_projectcounter AS c
        (project_id, annotator_id, votes, repeats, known, known_right)
    SELECT project_id, annotator_id, sum(votes), sum(repeats), sum(known),
           sum(known_right)
    FROM counts GROUP BY project_id, annotator_id
    ON CONFLICT (project_id, annotator_id) DO UPDATE
        SET votes = c.votes + excluded.votes, repeats = c.repeats + excluded.repeats,
            known = c.known + excluded.known,
            known_right = c.known_right + excluded.known_right
), noted AS (
    INSERT INTO labeling_annotationevent
        (project_id, item_id, assignment_id, annotation_id, actor_id, kind, payload, at)
    SELECT project_id, item_id, assignment_id, id, %(actor)s::bigint, 'imported',
           labeling_vote_event(labels, version, comment, is_unsure),
           statement_timestamp()
    FROM vote
)
SELECT count(*) FROM vote

-- change_vote: write a vote's next version, or take it back, with its event and counts.
-- Nothing is written, and no row returned, where the vote has another version by now.
-- What is null stays as it is.
WITH old AS (
    SELECT * FROM labeling_annotation
    -- The version is what stops two edits from overwriting each other: the second waits
    -- here, and then finds another version.
    WHERE id = %(vote)s AND version = %(version)s AND undone_at IS NULL
    FOR UPDATE
), vote AS (
    UPDATE labeling_annotation a
    SET version = old.version + 1, updated_at = statement_timestamp(),
        undone_at = CASE WHEN %(is_undone)s::bool THEN statement_timestamp() END,
        labels = coalesce(%(labels)s::text[], old.labels),
        label_set_id = coalesce(%(label_set)s::bigint, old.label_set_id),
        is_unsure = coalesce(%(is_unsure)s::bool, old.is_unsure),
        comment = coalesce(%(comment)s, old.comment),
        suggestion_shown = coalesce(%(suggestion_shown)s::jsonb, old.suggestion_shown),
        is_right = CASE WHEN old.reason = 'gold' AND %(labels)s::text[] IS NOT NULL
            THEN EXISTS (
                SELECT 1 FROM labeling_gold g
                WHERE g.item_id = old.item_id AND g.labels = %(labels)s::varchar[])
            ELSE old.is_right END
    FROM old WHERE a.id = old.id
    RETURNING a.*
), counts AS (
    -- By how much the new version counts more than the old one.
    SELECT new.votes - past.votes AS votes, new.repeats - past.repeats AS repeats,
           new.known - past.known AS known,
           new.known_right - past.known_right AS known_right
    FROM vote CROSS JOIN old CROSS JOIN LATERAL
        labeling_vote_counts(vote.reason, vote.is_right, vote.undone_at) new
    CROSS JOIN LATERAL
        labeling_vote_counts(old.reason, old.is_right, old.undone_at) past
), marked AS (
    -- A repeat is no vote: nothing is settled by it.
    UPDATE labeling_item i SET votes = i.votes + counts.votes, is_unsettled = true
    FROM vote CROSS JOIN counts
    WHERE i.id = vote.item_id AND vote.reason <> 'repeat'
    RETURNING i.id
), counted AS (
    INSERT INTO labeling_projectcounter AS c
        (project_id, annotator_id, votes, repeats, known, known_right)
    SELECT vote.project_id, vote.annotator_id, counts.votes, counts.repeats,
           counts.known, counts.known_right
    FROM vote CROSS JOIN counts
    -- This join keeps the lock order, the item's row before the counter's; without it,
    -- two people who answer one item, and a recount, could deadlock.
    LEFT JOIN marked ON marked.id = vote.item_id
    -- Most edits change no count: they leave the counter's row alone.
    WHERE counts.votes <> 0 OR counts.repeats <> 0 OR counts.known_right <> 0
    -- Race: two first votes of a person may both create the row; either may win.
    ON CONFLICT (project_id, annotator_id) DO UPDATE
        SET votes = c.votes + excluded.votes, repeats = c.repeats + excluded.repeats,
            known = c.known + excluded.known,
            known_right = c.known_right + excluded.known_right
), noted AS (
    INSERT INTO labeling_annotationevent
        (project_id, item_id, assignment_id, annotation_id, actor_id, kind, payload, at)
    SELECT project_id, item_id, assignment_id, id, annotator_id, %(kind)s,
           labeling_vote_event(labels, version, comment, is_unsure),
           statement_timestamp()
    FROM vote
)
-- Columns by name: a prepared statement fails when * means more columns than before.
SELECT id, project_id, item_id, annotator_id, assignment_id, client_id, request_hash,
       labels, is_unsure, seconds, comment, version, undone_at, created_at, updated_at,
       label_set_id, guideline_id, reason, probability, mixture, model_number,
       suggestion_shown, is_right, screen
FROM vote

-- lock_asked: lock the votes on gold questions about items of some contents.
-- Before the items, as an edit takes them: the other order can deadlock.
SELECT id FROM labeling_annotation
WHERE reason = 'gold' AND item_id IN (
    SELECT id FROM labeling_item
    WHERE project_id = %(project)s AND content_hash = ANY(%(contents)s))
ORDER BY id FOR UPDATE

-- judge_anew: say whether votes on gold questions are right by the known answers of today.
-- The caller has locked the votes and their items. What people voted stays, so there is no
-- version and no event.
WITH old AS (
    SELECT a.*, a.labels = g.labels AS is_right_now
    FROM labeling_annotation a JOIN labeling_gold g USING (item_id)
    WHERE a.item_id = ANY(%(items)s) AND a.reason = 'gold'
          AND a.is_right IS DISTINCT FROM (a.labels = g.labels)
), vote AS (
    UPDATE labeling_annotation a SET is_right = old.is_right_now
    FROM old WHERE a.id = old.id
    RETURNING a.*
), counts AS (
    SELECT vote.project_id, vote.annotator_id, sum(new.votes - past.votes) AS votes,
           sum(new.repeats - past.repeats) AS repeats,
           sum(new.known - past.known) AS known,
           sum(new.known_right - past.known_right) AS known_right
    FROM vote JOIN old ON old.id = vote.id CROSS JOIN LATERAL
        labeling_vote_counts(vote.reason, vote.is_right, vote.undone_at) new
    CROSS JOIN LATERAL
        labeling_vote_counts(old.reason, old.is_right, old.undone_at) past
    GROUP BY vote.project_id, vote.annotator_id
)
INSERT INTO labeling_projectcounter AS c
    (project_id, annotator_id, votes, repeats, known, known_right)
SELECT project_id, annotator_id, votes, repeats, known, known_right FROM counts
-- By person, as everybody locks several counters.
ORDER BY annotator_id
ON CONFLICT (project_id, annotator_id) DO UPDATE
    SET votes = c.votes + excluded.votes, repeats = c.repeats + excluded.repeats,
        known = c.known + excluded.known,
        known_right = c.known_right + excluded.known_right

-- recount: count what the votes of a project, or of some items, count, by annotator.
SELECT vote.annotator_id, sum(counts.votes), sum(counts.repeats), sum(counts.known),
       sum(counts.known_right)
FROM labeling_annotation vote CROSS JOIN LATERAL
    labeling_vote_counts(vote.reason, vote.is_right, vote.undone_at) counts
WHERE vote.project_id = %(project)s OR vote.item_id = ANY(%(items)s)
GROUP BY vote.annotator_id

-- mark_renamed: lock the items that labels to be renamed are on, by id, and mark those
-- with such a vote to be settled anew.
WITH voted AS (
    SELECT item_id FROM labeling_annotation
    WHERE project_id = %(project)s AND undone_at IS NULL AND reason <> 'repeat'
          AND labels && %(old)s::varchar[]
), locked AS (
    SELECT id FROM labeling_item
    WHERE project_id = %(project)s AND id IN (
        SELECT item_id FROM voted
        UNION SELECT item_id FROM labeling_resolution
              WHERE project_id = %(project)s AND superseded_at IS NULL
                    AND labels && %(old)s::varchar[]
        UNION SELECT item_id FROM labeling_gold WHERE labels && %(old)s::varchar[])
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE labeling_item i
SET is_unsettled = i.is_unsettled OR i.id IN (SELECT item_id FROM voted)
FROM locked WHERE i.id = locked.id

-- rename_in_resolutions: give the labels that items have now their new names.
-- Two labels that become one are named once, and their shares are added up.
UPDATE labeling_resolution SET
  labels = (SELECT array_agg(DISTINCT coalesce(%(moves)s ->> old, old)
                             ORDER BY coalesce(%(moves)s ->> old, old))
            FROM unnest(labels) AS old),
  soft_label = (SELECT coalesce(jsonb_object_agg(name, share), '{}') FROM (
    SELECT coalesce(%(moves)s ->> key, key) AS name,
           -- At most 1: two labels that become one may both have stood on an item of
           -- several labels, and sums of floats round.
           least(1, sum(value::float)) AS share
    FROM jsonb_each_text(soft_label) GROUP BY 1) AS shares),
  label_set_id = %(set)s
WHERE project_id = %(project)s AND superseded_at IS NULL AND labels && %(old)s

-- rename_in_gold: give known answers their labels' new names.
UPDATE labeling_gold SET
  labels = (SELECT array_agg(DISTINCT coalesce(%(moves)s ->> old, old)
                             ORDER BY coalesce(%(moves)s ->> old, old))
            FROM unnest(labels) AS old),
  label_set_id = %(set)s
WHERE labels && %(old)s
  AND item_id IN (SELECT id FROM labeling_item WHERE project_id = %(project)s)

-- rename_in_predictions: give the model's answers their labels' new names.
UPDATE labeling_prediction SET label = %(moves)s ->> label
WHERE project_id = %(project)s AND labels IS NULL AND label = ANY(%(old)s)

-- rename_in_sets: the same where an item may have several labels.
UPDATE labeling_prediction p
SET labels = coalesce(new.labels, '{}'), label = coalesce(new.label, '')
FROM labeling_prediction old
CROSS JOIN labeling_renamed_set(old.labels, %(moves)s, %(today)s) AS new
WHERE p.id = old.id AND old.project_id = %(project)s AND old.labels ?| %(old)s

-- rename_in_queue: give suggestions of the queue their labels' new names.
-- One of a label that is none any more goes. Entries that somebody takes are left alone.
UPDATE labeling_queueentry SET suggestion = CASE
  WHEN coalesce(%(moves)s ->> (suggestion ->> 'label'), suggestion ->> 'label')
       = ANY(%(today)s)
  THEN jsonb_set(suggestion, '{label}', to_jsonb(
       coalesce(%(moves)s ->> (suggestion ->> 'label'), suggestion ->> 'label')))
  END
WHERE id IN (
  SELECT id FROM labeling_queueentry
  WHERE project_id = %(project)s AND NOT suggestion ? 'labels'
        AND (suggestion ->> 'label' = ANY(%(old)s)
             OR suggestion ->> 'label' <> ALL(%(today)s))
  FOR UPDATE SKIP LOCKED)

-- rename_in_leases: the same for suggestions of what is lent.
UPDATE labeling_assignment SET suggestion = CASE
  WHEN coalesce(%(moves)s ->> (suggestion ->> 'label'), suggestion ->> 'label')
       = ANY(%(today)s)
  THEN jsonb_set(suggestion, '{label}', to_jsonb(
       coalesce(%(moves)s ->> (suggestion ->> 'label'), suggestion ->> 'label')))
  END
WHERE id IN (
  SELECT id FROM labeling_assignment
  WHERE project_id = %(project)s AND state = 'leased' AND NOT suggestion ? 'labels'
        AND (suggestion ->> 'label' = ANY(%(old)s)
             OR suggestion ->> 'label' <> ALL(%(today)s))
  FOR UPDATE SKIP LOCKED)

-- rename_in_queued_sets: the same for suggestions of several labels in the queue.
-- A suggestion of which no label is left goes: it never predicted that there is none.
UPDATE labeling_queueentry e SET suggestion = CASE WHEN new.label IS NOT NULL
  THEN e.suggestion || jsonb_build_object('labels', new.labels, 'label', new.label) END
FROM (
  SELECT id, suggestion FROM labeling_queueentry
  WHERE project_id = %(project)s AND (suggestion -> 'labels' ?| %(old)s OR EXISTS (
      SELECT FROM jsonb_object_keys(suggestion -> 'labels') key
      WHERE key <> ALL(%(today)s)))
  FOR UPDATE SKIP LOCKED) AS old
CROSS JOIN labeling_renamed_set(old.suggestion -> 'labels', %(moves)s, %(today)s) AS new
WHERE e.id = old.id

-- rename_in_leased_sets: the same for what is lent.
UPDATE labeling_assignment a SET suggestion = CASE WHEN new.label IS NOT NULL
  THEN a.suggestion || jsonb_build_object('labels', new.labels, 'label', new.label) END
FROM (
  SELECT id, suggestion FROM labeling_assignment
  WHERE project_id = %(project)s AND state = 'leased'
        AND (suggestion -> 'labels' ?| %(old)s OR EXISTS (
      SELECT FROM jsonb_object_keys(suggestion -> 'labels') key
      WHERE key <> ALL(%(today)s)))
  FOR UPDATE SKIP LOCKED) AS old
CROSS JOIN labeling_renamed_set(old.suggestion -> 'labels', %(moves)s, %(today)s) AS new
WHERE a.id = old.id

-- forget_likely_in_queue: with other labels, nobody knows which of them are likely.
UPDATE labeling_queueentry SET suggestion = suggestion - 'likely'
WHERE id IN (
  SELECT id FROM labeling_queueentry
  WHERE project_id = %(project)s AND suggestion ? 'likely'
  FOR UPDATE SKIP LOCKED)

-- forget_likely_in_leases: the same for what is lent.
UPDATE labeling_assignment SET suggestion = suggestion - 'likely'
WHERE id IN (
  SELECT id FROM labeling_assignment
  WHERE project_id = %(project)s AND state = 'leased' AND suggestion ? 'likely'
  FOR UPDATE SKIP LOCKED)

-- rename_outside: give what models outside predict their labels' new names.
-- The shares of two labels that become one are added up, where an item has only one.
UPDATE labeling_outsideprediction p SET
  labels = coalesce((SELECT array_agg(DISTINCT coalesce(%(moves)s ->> old, old)
                                      ORDER BY coalesce(%(moves)s ->> old, old))
                     FROM unnest(p.labels) AS old), '{}'),
  probabilities = (SELECT jsonb_object_agg(name, share) FROM (
    SELECT coalesce(%(moves)s ->> key, key) AS name,
           CASE WHEN project.task_type = 'multi' THEN max(value::float)
                ELSE least(1, sum(value::float)) END AS share
    FROM jsonb_each_text(p.probabilities) GROUP BY 1) AS shares)
FROM labeling_predictionsource source
JOIN labeling_project project ON project.id = source.project_id
WHERE p.source_id = source.id AND source.project_id = %(project)s
  AND (p.labels && %(old)s::varchar[] OR p.probabilities ?| %(old)s)

-- settle_anew: mark items that have votes to be settled anew.
-- Those that have no label; or the held-out ones, whether they have one or not.
WITH voted AS (
    -- By id, as everybody locks items: another order can deadlock.
    SELECT id FROM labeling_item
    WHERE project_id = %(project)s AND votes > 0 AND state <> 'invalid'
          AND CASE WHEN %(held_out)s::bool THEN split = 'evaluation'
                   ELSE state <> 'settled' END
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE labeling_item i SET is_unsettled = true
FROM voted WHERE i.id = voted.id
