"""The help for each kind of failure."""
