"""What the API takes and answers: one declared type for each body and answer."""
