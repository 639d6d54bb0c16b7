"""Audiences: send lists into the lists of marketing tools, by their public APIs."""
