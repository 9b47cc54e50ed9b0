"""Log in with a password or a one-time code, and log out."""
