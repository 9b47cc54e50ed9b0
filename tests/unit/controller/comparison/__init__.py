"""The comparison of what locations see of a server."""
