"""Quarantine: the rows that wait, what a person does with them, and the corrections they come back with."""
