"""The account of the person: who it is, password, sessions, and how the pages look."""
