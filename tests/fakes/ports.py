"""Loopback ports for servers in tests. Several test processes run at once; each takes ports from its own range."""

from __future__ import annotations

import os
from functools import cache
from itertools import cycle

from deploy.local.nats import is_free

# The ranges lie below the ports that products choose for their broker, which lie below those of outgoing connections.
_FIRST, _EACH, _PROCESSES = 10_000, 1_000, 10


def free_port() -> int:
    """A port that nothing uses, and that no other test process, product or outgoing connection takes by chance.

    It is not returned again for the next thousand calls, because it appears free until its server listens, and while
    that server is stopped.
    """
    return next(port for port in _own_ports() if is_free(port))


@cache
def _own_ports() -> cycle[int]:
    """The ports of this test process: pytest-xdist names it in the environment (gw0, gw1, …)."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + process % _PROCESSES * _EACH
    return cycle(range(first, first + _EACH))
