"""Log-in by another party."""
