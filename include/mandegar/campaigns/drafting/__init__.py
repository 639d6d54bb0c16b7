"""Drafting: a language model writes a message's first words, if it is switched on; a person takes them over, or does not."""
