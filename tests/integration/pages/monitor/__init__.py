"""The page of one monitor."""
