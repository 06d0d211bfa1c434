"""The watch over a model."""
