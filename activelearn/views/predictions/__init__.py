"""Pages about what the model that serves says."""
