"""The only listener to labeling's signals."""
