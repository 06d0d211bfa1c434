"""Webhooks: who is told of events, signed as Standard Webhooks says, and delivered."""
