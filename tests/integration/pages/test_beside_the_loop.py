"""What computes for long runs in a thread of its own, so that the event loop goes on: pages, lists and documents."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import pytest

from controller.model import Role
from controller.off_loop import off_loop
from controller.pages.shell import templates
from tests.integration.api.conftest import Api
from tests.integration.api.stored_history import Stored, store
from tests.integration.pages.browser import ACCEPT, browsing_as

HISTORY = "controller.store.checks.result_history._record"
DRAWN = "controller.pages.shell.templates.render"
WORK = {
    "/": {"controller.pages.overview.view.overview_view", DRAWN},
    "/monitors/{id}": {
        "controller.pages.monitor.view.monitor_view",
        "controller.store.rollups.location_charts._summed",
        DRAWN,
    },
    "/incidents": {"controller.pages.incidents.listing.list_view", DRAWN},
    "/incidents/unpaged": {"controller.pages.incidents.unpaged.unpaged_view", DRAWN},
    "/locations": {"controller.pages.locations.view.locations_view", DRAWN},
    "/locations/de-nbg": {"controller.pages.locations.view.location_page_view", DRAWN},
    "/locations/new": {DRAWN},
    "/monitors/new": {DRAWN},
    "/account": {DRAWN},
    "/policies": {"controller.pages.policies.view.policies_view", DRAWN},
    "/policies/organization": {"controller.decisions.replay.imagined.imagined_outage", DRAWN},
    "/api/results": {HISTORY, "controller.api.v1.results.items.result_item"},
    "/api/results?format=csv": {HISTORY},
    "/api/smtp-monitors/{id}/details": {
        "controller.decisions.history.figures.buckets_of",
        "controller.api.compat.uptimeify.details.answers.detail_fields",
    },
    "/api/smtp-monitors": {"controller.store.monitors.monitors._monitor"},
    "/api/v3/monitors": {
        "controller.store.monitors.monitors._monitor",
        "controller.api.compat.alertsite.monitors.answers.monitor_object",
    },
    "/api/v3/report-sitestatus": {
        "controller.store.monitors.latest._by_monitor",
        "controller.operations.monitors.sitestatus._report",
        "controller.api.compat.alertsite.sitestatus.answers.site_status_object",
    },
    "/schema/openapi.json": {
        "litestar._openapi.plugin.OpenAPIPlugin._build_openapi",
        "litestar.openapi.spec.base.BaseSchemaObject.to_schema",
        "controller.api.system.openapi_document._MsgspecSchemas._render",
    },
    "/metrics": {"prometheus_client.exposition.generate_latest"},
}


class Called(set[str]):
    """The functions that were called in one thread."""

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            self.add(f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}")


@asynccontextmanager
async def calls() -> AsyncIterator[tuple[Called, Called]]:
    """The functions that are called meanwhile, in the loop's thread and in the other."""
    here, beside = Called(), Called()
    await off_loop(sys.setprofile, beside.note)
    sys.setprofile(here.note)
    try:
        yield here, beside
    finally:
        sys.setprofile(None)
        await off_loop(sys.setprofile, None)


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


@pytest.mark.parametrize("path", WORK)
async def test_the_loop_computes_nothing_that_takes_long(api: Api, stored: Stored, path: str) -> None:
    identifier = stored.smtp["publicId"]
    async with browsing_as(api, Role.ADMIN) as browser:
        client = api.client if path.startswith(("/api/", "/metrics", "/schema")) else browser.client
        async with calls() as (here, beside):
            answer = await client.get(path.format(id=identifier), headers={"Accept": ACCEPT})
    assert answer.status_code == 200, answer.text
    assert beside >= WORK[path]
    assert not here & WORK[path]


async def test_templates_are_prepared_while_the_application_runs(api: Api) -> None:
    cache, known = templates._ENVIRONMENT.cache, templates._ENVIRONMENT.list_templates()
    assert cache is not None
    cache.clear()
    async with calls() as (here, _), api.application.lifespan(), asyncio.timeout(30):
        while len(cache) < len(known):
            await asyncio.sleep(0.01)
    assert not any(name.startswith("jinja2.compiler.") for name in here)
