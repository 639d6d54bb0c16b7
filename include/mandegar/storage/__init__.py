"""Where things lie: the lake and its receipts, the home, and the locks of those who work in it."""
