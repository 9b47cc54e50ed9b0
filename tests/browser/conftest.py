from __future__ import annotations

from tests.system.conftest import mail_server, product

__all__ = ["mail_server", "product"]
