"""The facts of servers by location, and the feed of their changes."""
