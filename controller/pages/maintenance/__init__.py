"""The pages of maintenance windows."""
