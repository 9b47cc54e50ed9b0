"""Rules that stand in Python and in SQL give the same answers."""
