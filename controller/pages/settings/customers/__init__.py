"""The customers of the organization."""
