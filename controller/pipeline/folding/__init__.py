"""Passing checks of past hours and days are put into blocks, by one controller at a time."""
