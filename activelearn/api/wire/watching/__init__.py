"""The watch over a model as it goes over the wire."""
