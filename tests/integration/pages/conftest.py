"""The application of the API's tests, for people with a browser."""

from __future__ import annotations

from tests.integration.api.conftest import api, module_bus, module_database_url

__all__ = ["api", "module_bus", "module_database_url"]
