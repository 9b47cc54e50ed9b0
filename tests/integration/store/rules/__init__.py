"""Rules that stand in Python and in SQL say the same of random input."""
