"""From a vote to a label."""
