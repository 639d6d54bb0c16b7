"""A campaign file: its words, what they mean, and what is wrong with one."""
