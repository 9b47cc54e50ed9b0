"""Digests of channels: when they are due, what they report, and who wants no more of them."""
