"""The HTTP API: every group of routes on one server, with one login."""
