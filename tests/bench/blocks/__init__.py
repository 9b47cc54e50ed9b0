"""How history is read that is in blocks."""
