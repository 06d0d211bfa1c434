"""Pure machine learning: arrays in, arrays out; no files, no clock, no global state."""
