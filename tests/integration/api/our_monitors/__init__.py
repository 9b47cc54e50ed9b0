"""`/api/v1/monitors`."""
