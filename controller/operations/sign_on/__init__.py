"""Single sign-on: an organization's settings, and the logins that its provider vouches for."""
