"""Decide: whom a campaign contacts, whom it holds out or leaves alone, and why; and the lists that say so."""
