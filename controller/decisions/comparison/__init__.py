"""The same server as several locations see it: what differs, what changed, and what that means. Pure."""
