"""Ports of loopback for servers of tests. Several test processes run at once, and each draws from ports of its own."""

from __future__ import annotations

import os
from functools import cache
from itertools import cycle

from deploy.local.nats import is_free

# Below the ports that products choose for their own broker, which are below those of outgoing connections.
_FIRST, _EACH, _PROCESSES = 10_000, 1_000, 10


def free_port() -> int:
    """A port nobody has, nor gets by chance: no other test process, no product, no outgoing connection.

    It is given to nobody else for the next thousand calls: until its server listens, and while that is stopped, it
    looks free.
    """
    return next(port for port in _own_ports() if is_free(port))


@cache
def _own_ports() -> cycle[int]:
    """Those of the process of pytest-xdist whose name is in the environment (gw0, gw1, …), or of the only one."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + process % _PROCESSES * _EACH
    return cycle(range(first, first + _EACH))
