"""The audit log: entries are added and read, never changed."""
