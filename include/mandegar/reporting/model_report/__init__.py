"""The report of a model: how it ranks and how it is calibrated, as a page that a person can judge it by."""
