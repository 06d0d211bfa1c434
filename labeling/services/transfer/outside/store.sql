-- How predictions from outside are kept. One source says one thing of an item.

-- begin: a table for those of a chunk, by the number of the row that brings them.
CREATE TEMP TABLE brought (
    number integer, source_id bigint, external_id text, labels varchar(120)[],
    confidence float8, probabilities jsonb, embedding bytea
) ON COMMIT DROP

-- bring: a row of that table.
COPY brought FROM STDIN

-- name_sources: make the sources that are new; by name, as everybody who makes some.
INSERT INTO labeling_predictionsource (project_id, name)
SELECT %(project)s, name FROM unnest(%(names)s::text[]) AS name ORDER BY name
ON CONFLICT (project_id, name) DO UPDATE SET brought_at = now()
RETURNING id, name, embedding_size

-- size_embeddings: remember how many numbers the embeddings of a source have.
UPDATE labeling_predictionsource SET embedding_size = %(size)s
WHERE id = %(source)s AND embedding_size IS NULL

-- keep: write what is new or says something else; return for each row what it was.
-- Rows whose item is unknown are not among these. By item, as whoever locks several.
WITH placed AS (
    SELECT b.number, b.source_id, i.id AS item_id,
           b.labels, b.confidence, b.probabilities, b.embedding
    FROM brought b
    JOIN labeling_item i ON i.project_id = %(project)s AND i.external_id = b.external_id
), kept AS (
    INSERT INTO labeling_outsideprediction AS p
        (source_id, item_id, labels, confidence, probabilities, embedding)
    SELECT source_id, item_id, labels, confidence, probabilities, embedding
    FROM placed ORDER BY item_id
    ON CONFLICT (source_id, item_id) DO UPDATE
        SET labels = excluded.labels, confidence = excluded.confidence,
            probabilities = excluded.probabilities, embedding = excluded.embedding
        WHERE (p.labels, p.confidence, p.probabilities, p.embedding)
              IS DISTINCT FROM (excluded.labels, excluded.confidence,
                                excluded.probabilities, excluded.embedding)
    -- A row that was there has been locked by its update.
    RETURNING p.source_id, p.item_id, p.xmax = 0 AS is_new
)
SELECT number,
       CASE WHEN is_new THEN 'new' WHEN is_new IS NULL THEN 'same' ELSE 'replaced' END
FROM placed LEFT JOIN kept USING (source_id, item_id)

-- add: write what an item lacks of a source; return for each row what it was, "stays" where
-- the item has another one. Otherwise as above.
WITH placed AS (
    SELECT b.number, b.source_id, i.id AS item_id,
           b.labels, b.confidence, b.probabilities, b.embedding
    FROM brought b
    JOIN labeling_item i ON i.project_id = %(project)s AND i.external_id = b.external_id
), added AS (
    INSERT INTO labeling_outsideprediction
        (source_id, item_id, labels, confidence, probabilities, embedding)
    SELECT source_id, item_id, labels, confidence, probabilities, embedding
    FROM placed ORDER BY item_id
    ON CONFLICT (source_id, item_id) DO NOTHING
    RETURNING source_id, item_id
)
-- As the table was before: what was just added is not among p.
SELECT b.number,
       CASE WHEN added.item_id IS NOT NULL THEN 'new'
            -- Most exports leave embeddings out: that says nothing against the one here.
            WHEN (p.labels, p.confidence, p.probabilities,
                  CASE WHEN b.embedding IS NOT NULL THEN p.embedding END)
                 IS DISTINCT FROM (b.labels, b.confidence, b.probabilities, b.embedding)
            THEN 'stays' ELSE 'same' END
FROM placed b
LEFT JOIN added USING (source_id, item_id)
LEFT JOIN labeling_outsideprediction p USING (source_id, item_id)

-- forget: the table of a chunk, where the transaction goes on.
DROP TABLE brought

-- forget_empty: delete the sources of a project that predict nothing.
DELETE FROM labeling_predictionsource s
WHERE s.project_id = %(project)s
  AND NOT EXISTS (SELECT FROM labeling_outsideprediction p WHERE p.source_id = s.id)

-- leave_queue: take the suggestions of a source from the queue.
UPDATE labeling_queueentry SET suggestion = NULL
WHERE id IN (
    SELECT id FROM labeling_queueentry
    WHERE project_id = %(project)s AND suggestion ->> 'source' = %(name)s
    FOR UPDATE SKIP LOCKED)

-- count: how many items each of some sources predicts.
SELECT source_id, count(*) FROM labeling_outsideprediction
WHERE source_id = ANY(%(sources)s::bigint[]) GROUP BY source_id

-- compare: on how many of the newest labels of people each source says the same.
-- Not on those that somebody gave who saw what it says.
WITH labeled AS (
    SELECT r.item_id, r.labels, i.split = 'evaluation' AS is_held_out
    FROM labeling_resolution r
    JOIN labeling_item i ON i.id = r.item_id
    WHERE r.project_id = %(project)s AND r.superseded_at IS NULL
          AND NOT r.is_ambiguous AND r.source <> 'auto'
    ORDER BY r.id DESC LIMIT %(most)s
)
SELECT p.source_id, is_held_out, count(*), count(*) FILTER (WHERE p.labels = l.labels)
FROM labeled l
JOIN labeling_outsideprediction p ON p.item_id = l.item_id
JOIN labeling_predictionsource s ON s.id = p.source_id
WHERE NOT EXISTS (
    SELECT FROM labeling_annotation a
    WHERE a.item_id = l.item_id AND a.suggestion_shown ->> 'source' = s.name)
GROUP BY p.source_id, is_held_out
