"""Buckets and folders that a project is fed from, again and again."""
