"""The case of notifications: an organization with a monitor, and a relay that takes mails."""

from __future__ import annotations

from tests.integration.notify.conftest import case, hook, mail

__all__ = ["case", "hook", "mail"]
