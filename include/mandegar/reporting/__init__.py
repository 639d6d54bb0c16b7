"""What people read: the summary of a night, the bridge between conventions, alerts and Data Docs."""
