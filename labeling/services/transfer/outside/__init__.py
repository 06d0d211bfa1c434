"""Predictions from outside: rows of models and tools that are not ours, and who says them."""
