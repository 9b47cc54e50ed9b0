"""A table of checks of real servers, Postfix and Dovecot, with a module per protocol."""

from __future__ import annotations

from tests.probes.real import imap, pop3, smtp
from tests.probes.real.row import Row

REAL: dict[str, Row] = smtp.ROWS | imap.ROWS | pop3.ROWS
