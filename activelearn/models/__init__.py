"""The tables of the learner."""
