"""Projects, their people, and their end."""
