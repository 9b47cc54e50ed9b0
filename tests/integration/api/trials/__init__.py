"""`/api/v1/trials`."""
