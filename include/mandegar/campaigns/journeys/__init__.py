"""Journeys: steps that wait, ask, and end when the goal is reached."""
