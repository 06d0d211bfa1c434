-- Statements about the sessions of others.

-- end_standstills: end sessions that have a turn and stand still: amid the rows of a
-- COPY, where an active session waits for its client, or idle as they score a part of a
-- pool.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
  AND (
    (
      state = 'active'
      AND wait_event = 'ClientRead'
      AND query_start < now() - %(seconds)s * interval '1 s'
      AND pid IN (
        SELECT pid
        FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = %(imports)s
      )
    )
    OR (
      state IN ('idle', 'idle in transaction')
      AND state_change < now() - %(idle)s * interval '1 s'
      AND pid IN (
        SELECT pid
        FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = %(scores)s
      )
    )
  )
