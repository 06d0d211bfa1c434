-- Statements about groups of items that stay on one side of the split.

-- known: what stands under some numbers.
-- A join: with ANY, a kept plan may compare each row with each of the thousands.
SELECT number, group_key, split, signature
FROM unnest(%(numbers)s::bigint[]) wanted (number)
JOIN labeling_likeness l USING (number) WHERE l.project_id = %(project)s

-- numbers_of: what has some bands.
SELECT band, number FROM unnest(%(bands)s::bigint[]) wanted (band)
JOIN labeling_likenessband l USING (band) WHERE l.project_id = %(project)s

-- keep: what later items are compared with.
COPY labeling_likeness (project_id, number, group_key, split, signature) FROM STDIN

-- keep_bands: how later items find it.
COPY labeling_likenessband (project_id, band, number) FROM STDIN

-- move: groups are on another side now.
UPDATE labeling_likeness l SET split = moved.split
FROM unnest(%(keys)s::text[], %(sides)s::text[]) moved (group_key, split)
WHERE l.project_id = %(project)s AND l.group_key = moved.group_key
