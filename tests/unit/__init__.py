"""Quick tests that need no server."""
