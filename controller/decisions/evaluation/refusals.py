"""Refusals that say something about our probe, not about the service: of its address, or of how often it connects.
Pure.
"""

from __future__ import annotations

import re

from shared.wire.failures import Failure, FailureKind

REFUSALS = frozenset({FailureKind.POLICY_REFUSAL, FailureKind.TEMPORARY_REFUSAL})
"""From a minority, while others pass, these say something about our probe, not about the service."""

_TOO_OFTEN = re.compile(
    r"too (many|much) [^.]{1,40} from |user\+ip exceeded|connection limit reached for |rate limit exceeded"
    r"|too many open connections",
    re.IGNORECASE,
)
"""What servers say to one client that connects too often or too much at once: anvil of Postfix ("too many connections
from 192.0.2.1"), Exim, Sendmail, Dovecot, Courier and Cyrus. A server that is busy with everybody speaks otherwise.
"""


def is_refusal(failure: Failure | None) -> bool:
    return failure is not None and failure.kind in REFUSALS


def is_by_rate(failure: Failure | None) -> bool:
    """Whether the server refuses this client because it connects too often. That is our doing, so it is no failure of
    the service, however many locations it meets.
    """
    return failure is not None and failure.kind in REFUSALS and _TOO_OFTEN.search(failure.detail) is not None
