"""The wall: what a screen shows that nobody touches."""
