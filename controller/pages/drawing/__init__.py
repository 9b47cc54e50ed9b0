"""Geometry of what pages draw as SVG. Pure: numbers in, path data out; templates hold the markup."""
