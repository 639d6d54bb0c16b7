"""Publish: the marts of a night into the warehouse, whole or not at all."""
