-- What an export copies out of the database. Each column is one JSON value, in the order
-- of ITEM_COLUMNS and VOTE_COLUMNS in rows.py; a number plus 0.0 keeps its point, for
-- readers that take a column's type from its first rows.

-- copy_items: the chosen items of a project with their labels of now, by id.
COPY (
    SELECT i.id,
           to_json(i.external_id),
           i.data,
           CASE WHEN %(is_multi)s THEN to_jsonb(r.labels) ELSE to_jsonb(r.labels[1]) END,
           to_json(r.source),
           r.confidence::text::numeric + 0.0,
           -- Labels by votes of the first releases do not say it: it was the share.
           to_json(CASE WHEN r.source = 'consensus'
                        THEN coalesce(nullif(r.settled_by, ''), 'share') END),
           r.soft_label,
           to_json(i.split),
           to_json(i.state),
           to_jsonb(i.tags),
           i.metadata,
           s.version,
           g.version,
           -- Of held-out items: none where chance alone has drawn them.
           CASE WHEN i.split = 'evaluation'
                THEN %(held_out_for)s::jsonb -> i.group_key::text END
    FROM labeling_item i
    LEFT JOIN labeling_resolution r ON r.item_id = i.id AND r.superseded_at IS NULL
    LEFT JOIN labeling_labelset s ON s.id = r.label_set_id
    LEFT JOIN labeling_guideline g ON g.id = r.guideline_id
    WHERE i.project_id = %(project)s
          AND (%(state)s IS NULL OR i.state = %(state)s)
          AND (%(split)s IS NULL OR i.split = %(split)s)
    ORDER BY i.id
) TO STDOUT (NULL 'null')

-- copy_votes: the standing votes on the chosen items, by item; before the columns of each
-- stand its item's id and the model that asked for it.
COPY (
    SELECT * FROM (
        SELECT a.item_id,
               a.model_number,
               a.id,
               to_json(u.username),
               to_jsonb(a.labels),
               a.seconds::text::numeric + 0.0,
               -- As Python writes a time: with six digits of the second, or none.
               to_json(replace(to_char(a.created_at AT TIME ZONE 'UTC',
                                       'YYYY-MM-DD"T"HH24:MI:SS.US'),
                               '.000000', '') || '+00:00'),
               a.version,
               a.suggestion_shown,
               to_json(a.screen),
               to_json(a.reason),
               a.probability::text::numeric + 0.0,
               a.mixture
        FROM labeling_annotation a
        JOIN labeling_user u ON u.id = a.annotator_id
        -- Where all are chosen the planner drops this join: its condition is false.
        LEFT JOIN labeling_item i ON i.id = a.item_id AND NOT %(are_all)s
        WHERE a.project_id = %(project)s
              AND a.undone_at IS NULL
              AND a.reason <> 'repeat'
              AND (%(are_all)s
                   OR (i.project_id = %(project)s
                       AND (%(state)s IS NULL OR i.state = %(state)s)
                       AND (%(split)s IS NULL OR i.split = %(split)s)))
        -- OFFSET 0 makes the database read first and sort then. By the index of the items
        -- the votes lie all over their table: that took three times as long, and far
        -- longer where the table is not in memory.
        OFFSET 0
    ) vote
    ORDER BY item_id, id
) TO STDOUT (NULL 'null')

-- copy_predictions: what sources from outside predict of the chosen items, by item and by
-- the name of the source; before the columns of each stands its item's id. Embeddings only
-- where they are asked for: not even read else, for each is some kilobytes.
COPY (
    SELECT * FROM (
        SELECT p.item_id,
               to_json(s.name),
               to_jsonb(p.labels),
               p.confidence::text::numeric + 0.0,
               p.probabilities,
               CASE WHEN %(with_embeddings)s
                    -- The database breaks base64 into lines, as mail does.
                    THEN to_json(replace(encode(p.embedding, 'base64'), E'\n', ''))
               END
        FROM labeling_predictionsource s
        JOIN labeling_outsideprediction p ON p.source_id = s.id
        -- As of the votes.
        LEFT JOIN labeling_item i ON i.id = p.item_id AND NOT %(are_all)s
        WHERE s.project_id = %(project)s
              AND (%(are_all)s
                   OR (i.project_id = %(project)s
                       AND (%(state)s IS NULL OR i.state = %(state)s)
                       AND (%(split)s IS NULL OR i.split = %(split)s)))
        -- As of the votes: to be sorted after it is read.
        OFFSET 0
    ) prediction (item_id, source)
    -- By bytes: the order is the same in every database.
    ORDER BY item_id, source::text COLLATE "C"
) TO STDOUT (NULL 'null')
