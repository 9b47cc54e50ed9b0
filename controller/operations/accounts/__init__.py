"""People, tokens, customers, organizations, sessions and request limits."""
