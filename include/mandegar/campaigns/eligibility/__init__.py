"""May this customer be contacted, and by which channel? Every rule is asked, over columns; of those who may, some are held out."""
