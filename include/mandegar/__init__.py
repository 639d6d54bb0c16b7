"""Mandegar (ماندگار, "one who stays"): measures churn and retention every night and hands out the lists that keep customers."""

__version__ = "0.1.0"
