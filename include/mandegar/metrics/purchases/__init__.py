"""Purchases: revenue, activity, repurchase cycles, RFM and models of how customers buy."""
