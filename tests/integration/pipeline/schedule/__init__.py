"""From monitors to check requests on the broker."""
