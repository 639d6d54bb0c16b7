"""What customers are offered, and to whom that is worth it."""
