"""The overview: what is wrong first, then all monitors, filtered and sorted by the address."""
