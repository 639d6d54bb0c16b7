"""Rules: one language in which segments, audiences and triggers say whom they mean."""
