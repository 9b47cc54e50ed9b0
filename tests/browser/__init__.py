"""Tests of the README's example for browsers, in a real browser."""
