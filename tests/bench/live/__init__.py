"""The bench of live pages: who serves and publishes, and the clients that read."""
