"""The servers that come along: PostgreSQL and Redis as child processes."""
