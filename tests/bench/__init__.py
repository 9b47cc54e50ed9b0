"""Benches: what the product costs and how fast it is, measured by `make bench`."""
