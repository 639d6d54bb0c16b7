"""SQL databases, streamed."""
