"""What the learner's API takes and answers."""
