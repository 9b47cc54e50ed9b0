"""AlertSite's e-mail server monitors: create, read, change, delete."""
