"""Benches of notifications: many at once, and what they do to the event loop."""
