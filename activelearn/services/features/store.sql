-- Statements about the files of features.

-- first_gap: the first gap between the files, or behind the last one, that has items.
WITH file AS (
    SELECT first_item, last_item FROM activelearn_featureshard
    WHERE project_id = %(project)s AND spec_hash = %(spec_hash)s
), gap AS (
    SELECT last_item AS low, lead(first_item) OVER (ORDER BY first_item) AS high
    FROM (SELECT first_item, last_item FROM file UNION ALL SELECT 0, 0) AS bounds
)
SELECT low, high FROM gap
WHERE (high IS NULL OR high > low + 1)
      AND EXISTS (SELECT FROM labeling_item
                  -- One range: with "high IS NULL OR id < high" each gap would read all
                  -- items behind it, and a million items would take hours.
                  WHERE project_id = %(project)s AND id > low
                        AND id < coalesce(high, 9223372036854775807))
ORDER BY low LIMIT 1
