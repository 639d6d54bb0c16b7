"""Measure: what each number is, one module per family; plain functions from tables to tables."""
