"""Alerts: what a night found wrong, told to the owners of the tables."""
