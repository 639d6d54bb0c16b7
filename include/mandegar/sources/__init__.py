"""Extract: what each source says, taken as it is into lake/raw."""
