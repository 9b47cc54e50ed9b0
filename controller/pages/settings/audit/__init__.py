"""Who changed what, with filters."""
