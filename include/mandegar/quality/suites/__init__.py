"""Suites: the rules of each entity as they are written, and Great Expectations behind them."""
