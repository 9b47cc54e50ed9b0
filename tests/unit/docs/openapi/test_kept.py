"""docs/openapi.json is the document of this version, and clients made for it go on working."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.openapi.changes import breaks
from tests.docs.openapi.kept import FILE, kept, present, written


@pytest.fixture(scope="module")
async def document() -> dict[str, Any]:
    return await present()


async def test_no_change_breaks_a_client(document: dict[str, Any]) -> None:
    assert breaks(kept(), document) == []


async def test_the_copy_is_up_to_date(document: dict[str, Any]) -> None:
    assert FILE.read_text(encoding="utf-8") == written(document), "run `make schema`"


async def test_the_copy_names_no_host(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "/", "description": "This installation"}]
