"""Jobs, transactions and the history of items: what every other room works with."""
