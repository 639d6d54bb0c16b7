"""A night: its context, its stages in order, and what is told of what nobody foresaw."""
