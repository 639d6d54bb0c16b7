"""Whom a campaign considers: people behind accounts, what they refused, and all that its rules look at."""
