"""Everything on one machine: supervisor, embedded servers, backup, demo."""
