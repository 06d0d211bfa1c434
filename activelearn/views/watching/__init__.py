"""The watch over a model as people see it."""
