"""`/api/v1/rotas`: who is on call."""
