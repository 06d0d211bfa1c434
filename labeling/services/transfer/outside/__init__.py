"""What others bring: predictions of models and tools that are not ours, and vectors."""
