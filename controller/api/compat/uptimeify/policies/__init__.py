"""The policy of a monitor."""
