-- Statements about the sessions of others.

-- end_standstills: end imports that stand still amid the rows of a COPY.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND state = 'active'
  AND wait_event = 'ClientRead'
  AND starts_with(query, 'COPY labeling_item (')
  AND query_start < now() - %(seconds)s * interval '1 s'
