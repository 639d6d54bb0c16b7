"""Contracts: policies and conventions, the MRR ledger, movements, churn and retention."""
