"""`/api/v1/tokens`: API tokens with a scope."""
