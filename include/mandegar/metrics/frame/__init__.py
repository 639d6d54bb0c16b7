"""What every family of figures stands on: the grain, the night, dimensions, small cells, the tall table."""
