from __future__ import annotations

from tests.system.conftest import mail_server
from tests.system.one_product.conftest import product

__all__ = ["mail_server", "product"]
