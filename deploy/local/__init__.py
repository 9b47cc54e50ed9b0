"""Runs Mailprobe on one machine: embedded PostgreSQL and NATS, one controller, and an agent per country.

It starts the same programs as a real deployment and must not import controller or agent.
"""


class LocalError(Exception):
    """The product cannot start on this machine; the message is one line for the person who started it."""
