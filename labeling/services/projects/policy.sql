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
