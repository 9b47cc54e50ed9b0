"""`/api/v1/locations`."""
