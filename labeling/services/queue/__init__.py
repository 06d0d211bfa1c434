"""Who gets what next: leases, their order, checks."""
