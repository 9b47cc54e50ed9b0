"""The agent: it takes check requests from the broker, runs them, and sends their results. It has no database."""
