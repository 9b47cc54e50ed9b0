"""`/maintenance`: planned work as a list and as a calendar, one window, its form, and what people do with it."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from controller.pages.maintenance.now import begin_maintenance_now

ROUTES: list[ControllerRouterHandler] = [begin_maintenance_now]
