-- Statements about groups of items that stay on one side of the split.

-- known: what stands under some numbers.
-- OFFSET keeps one look-up per number: the planner, whose statistics are behind during an
-- import, else joins with all that the project has, for each chunk.
SELECT wanted.number, l.group_key, l.split, l.signature, l.members
FROM unnest(%(numbers)s::bigint[]) wanted (number)
CROSS JOIN LATERAL (
    SELECT group_key, split, signature, members FROM labeling_likeness
    WHERE project_id = %(project)s AND number = wanted.number OFFSET 0
) l

-- numbers_of: what has some bands; one look-up per band, as above.
SELECT wanted.band, l.number FROM unnest(%(bands)s::bigint[]) wanted (band)
CROSS JOIN LATERAL (
    SELECT number FROM labeling_likenessband
    WHERE project_id = %(project)s AND band = wanted.band OFFSET 0
) l

-- keep: what later items are compared with.
COPY labeling_likeness (project_id, number, group_key, split, signature, members)
FROM STDIN

-- keep_bands: how later items find it.
COPY labeling_likenessband (project_id, band, number) FROM STDIN

-- count: how many items have joined by now.
UPDATE labeling_likeness l SET members = joined.members
FROM unnest(%(numbers)s::bigint[], %(members)s::int[]) joined (number, members)
WHERE l.project_id = %(project)s AND l.number = joined.number

-- families: groups that nothing joins any more.
SELECT group_key FROM unnest(%(numbers)s::bigint[]) wanted (number)
JOIN labeling_likeness l USING (number)
WHERE l.project_id = %(project)s AND l.members >= %(full)s

-- move: groups are on another side now.
UPDATE labeling_likeness l SET split = moved.split
FROM unnest(%(keys)s::text[], %(sides)s::text[]) moved (group_key, split)
WHERE l.project_id = %(project)s AND l.group_key = moved.group_key

-- join: groups are part of others now.
UPDATE labeling_likeness l SET group_key = joined.other, split = joined.split
FROM unnest(%(keys)s::text[], %(others)s::text[], %(sides)s::text[])
    joined (group_key, other, split)
WHERE l.project_id = %(project)s AND l.group_key = joined.group_key

-- labels: how many items have each label, and how many held-out groups.
SELECT name, count(*), count(DISTINCT i.group_key) FILTER (WHERE i.split = 'evaluation')
FROM labeling_resolution r JOIN labeling_item i ON i.id = r.item_id
CROSS JOIN unnest(r.labels) name
WHERE r.project_id = %(project)s AND r.superseded_at IS NULL AND NOT r.is_ambiguous
      AND i.state <> 'invalid'
GROUP BY name

-- of_labels: the items of the groups that have one of some labels, with what is known.
-- An item is free where that is no more than a file's labels, and nothing has used these;
-- or than what people made of it who got it for one of the fair reasons, if there are any.
WITH wanted AS (
    SELECT DISTINCT i.group_key
    FROM labeling_resolution r JOIN labeling_item i ON i.id = r.item_id
    WHERE r.project_id = %(project)s AND r.superseded_at IS NULL
          AND NOT r.is_ambiguous AND r.labels && %(labels)s::varchar[]
          AND i.state <> 'invalid'
)
SELECT i.group_key, i.split, CASE WHEN NOT r.is_ambiguous THEN r.labels END,
       i.state IN ('open', 'settled')
       AND CASE WHEN i.votes = 0 THEN coalesce(r.source = 'gold', i.state = 'open')
                ELSE r.source IS NOT NULL AND cardinality(%(fair)s::text[]) > 0 END
       AND NOT EXISTS (SELECT FROM labeling_resolution used
                       WHERE used.item_id = i.id AND used.used_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM labeling_assignment a
                       WHERE a.item_id = i.id
                             AND (a.reason <> ALL(%(fair)s::text[]) OR a.state = 'leased'))
FROM wanted JOIN labeling_item i USING (group_key)
LEFT JOIN labeling_resolution r ON r.item_id = i.id AND r.superseded_at IS NULL
WHERE i.project_id = %(project)s
