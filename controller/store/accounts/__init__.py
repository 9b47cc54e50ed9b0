"""Organizations, customers, people, tokens, sessions and subscribers."""
