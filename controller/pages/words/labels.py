"""Labels as links to the monitors that have them. Pure."""

from __future__ import annotations

from urllib.parse import urlencode


def label_path(key: str, value: str | None = None) -> str:
    """The overview of the monitors with this label; with any value where it is None."""
    return f"/?{urlencode({'label': key if value is None else f'{key}:{value}'}, safe=':')}"
