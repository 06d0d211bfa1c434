-- Statements about what the planner knows.

-- behind: those of some tables of whose rows it knows less than half.
SELECT relname FROM pg_class
WHERE oid = ANY(%(tables)s::regclass[]) AND reltuples < %(rows)s / 2.0
