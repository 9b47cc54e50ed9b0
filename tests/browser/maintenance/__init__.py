"""Planning maintenance in a browser."""
