"""Validate: which rows can be used, which wait in quarantine, and what every rule counted."""
