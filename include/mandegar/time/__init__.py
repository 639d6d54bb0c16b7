"""Periods in both calendars, working time, and the company's own days."""
