"""The server that comes along: PostgreSQL as a child process."""
