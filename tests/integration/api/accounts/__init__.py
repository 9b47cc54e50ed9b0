"""Organizations, customers, users, API tokens, sessions and the rate limit."""
