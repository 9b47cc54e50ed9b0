"""API tokens: made here, shown once."""
