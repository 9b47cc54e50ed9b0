"""Tests with a real PostgreSQL and a real nats-server."""
