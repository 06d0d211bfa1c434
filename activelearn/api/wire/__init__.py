"""What the learner's API takes and returns."""
