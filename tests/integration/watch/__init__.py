"""`mailprobe-controller watch`."""
