-- Statements about the specifications of tables.

-- sample: some of the pool's items behind one, drawn by a seed; more items, the same draw.
SELECT id, data FROM labeling_item
WHERE project_id = %(project)s AND split = 'pool' AND id > %(after)s
ORDER BY hashint8extended(id, %(seed)s), id LIMIT %(most)s
