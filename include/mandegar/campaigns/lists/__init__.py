"""The lists a marketing team imports."""
