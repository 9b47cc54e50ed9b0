"""Keys, permissions and TLS between controllers, agents and the broker."""
