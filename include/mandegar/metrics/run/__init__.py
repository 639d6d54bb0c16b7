"""The order of a night: which families there are, what is computed again, what moved, and the marts."""
