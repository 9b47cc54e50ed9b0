"""The page of a group of incidents of one cause."""
