"""Benches of the agent and its probes."""
