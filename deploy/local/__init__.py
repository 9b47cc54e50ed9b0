"""Everything on one machine: embedded PostgreSQL and NATS, one controller, an agent per country.

It only starts the programs that a real deployment starts too; it must not import controller or agent.
"""


class LocalError(Exception):
    """What keeps the product from starting on this machine, in one line for the person who started it."""
