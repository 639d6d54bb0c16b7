"""A company made up with a known truth: its CRM and billing databases, its files, and what really happened."""

from mandegar.sample.company import SampleRefused, SampleSummary, write_sample

__all__ = ["SampleRefused", "SampleSummary", "write_sample"]
