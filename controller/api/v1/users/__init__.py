"""`/api/v1/users`: the people who can log in."""
