"""Pure functions over votes: how well do annotators agree."""
