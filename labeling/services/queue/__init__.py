"""The queue: leases, their order, checks."""
