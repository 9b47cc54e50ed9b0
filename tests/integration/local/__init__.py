"""The embedded servers and the supervisor of `make run`."""
