"""Support and feedback: how long customers wait, and what they say when asked."""
