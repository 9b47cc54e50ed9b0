"""Screens on walls: how they are made, what their tokens open, and how they end."""
