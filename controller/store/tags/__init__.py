"""Tags, stored."""
