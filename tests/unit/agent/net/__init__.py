"""Unit tests of addresses and certificates."""
