"""The comparison of what locations see, on a real database."""
