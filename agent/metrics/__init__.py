"""The metrics of an agent, which shared.metrics_listener serves at `/metrics`."""
