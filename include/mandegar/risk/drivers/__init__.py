"""Drivers: what goes together with leaving, band by band, and how much of it the other signals explain."""
