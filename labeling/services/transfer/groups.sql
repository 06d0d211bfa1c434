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
