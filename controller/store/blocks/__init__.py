"""Blocks of passing checks: which are due, making them of rows, and giving back the space of the rows."""
