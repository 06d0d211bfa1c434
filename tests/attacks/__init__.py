"""What was tried to stop the site: a test's number is that of the attack."""
