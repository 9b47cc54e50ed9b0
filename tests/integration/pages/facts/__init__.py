"""The page of changes, and the facts on the page of a monitor."""
