"""`/api/v1/screens`: tokens of screens on walls."""
