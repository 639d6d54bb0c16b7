"""Data Docs: every night's rules and what they found, as pages that a person opens in a browser."""
