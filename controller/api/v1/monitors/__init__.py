"""`/api/v1/monitors`: monitors of every kind in one shape."""
