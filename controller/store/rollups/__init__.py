"""Hourly and daily roll-ups of results, and charts from them."""
