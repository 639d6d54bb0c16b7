"""Sentiment: how likely a text is to be one that customers rate well, learnt from the company's own rated texts."""
