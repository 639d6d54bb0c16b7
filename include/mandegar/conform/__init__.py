"""Conform: raw rows become the entities, as they stood at the end of a day."""
