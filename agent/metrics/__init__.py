"""The metrics of an agent, and the small listener that serves them at `/metrics`."""
