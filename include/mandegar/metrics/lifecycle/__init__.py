"""Customers over time: cohorts, survival, activation, new customers, spells."""
