"""The database as Django sees it: PostgreSQL, with a cheaper look at its health."""
