-- Statements about the settings of a project.

-- ask_anew: let open items want another number of votes, and settle them afresh.
-- In the database, by the same draw as rules.is_shared: open items may be millions.
WITH open AS (
    -- By id, as everybody locks items: another order can deadlock.
    SELECT id FROM labeling_item
    WHERE project_id = %(project)s AND state = 'open'
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE labeling_item i SET is_unsettled = true, votes_wanted = CASE
    WHEN ('x' || encode(substr(sha256(convert_to(
             %(seed)s || ':overlap:' || group_key, 'UTF8')), 1, 7), 'hex')
         )::bit(56)::bigint / 2::float8 ^ 56 < %(share)s::float8
    THEN %(votes)s ELSE 1 END
FROM open WHERE i.id = open.id

-- recheck_anew: let held-out items that votes have settled want another number of votes.
-- Not those that an expert has decided, or whose answer was known.
WITH settled AS (
    SELECT id FROM labeling_item i
    WHERE project_id = %(project)s AND split = 'evaluation' AND state = 'settled'
          AND votes > 0 AND EXISTS (
              SELECT FROM labeling_resolution r
              WHERE r.item_id = i.id AND r.superseded_at IS NULL
                    AND r.source = 'consensus')
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE labeling_item i SET votes_wanted = greatest(votes, %(votes)s)
FROM settled WHERE i.id = settled.id
