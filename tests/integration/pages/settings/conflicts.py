"""Reads a form that was refused."""

from __future__ import annotations

from typing import Any

from tests.integration.pages.browser import Page


def said(page: Page) -> dict[str, str]:
    """What is wrong with each field."""
    marked = [one for one in page.main.all("p") if one.attributes.get("id", "").startswith("wrong-")]
    return {one.attributes["id"].removeprefix("wrong-"): one.text for one in marked}


def holds(page: Page, form: str, values: dict[str, Any]) -> bool:
    fields = page.form(form).fields
    return all(
        fields.get(name, []) == (value if isinstance(value, list) else [value]) for name, value in values.items()
    )
