"""Accounts: their names, passwords, tokens and sessions, and who may try to get in."""
