"""Delivery: the outbox, the channels, and what comes back."""
