"""What is drawn on the server."""
