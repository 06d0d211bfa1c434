"""What the API takes and returns: one declared type for each body and reply."""
