"""Changes of our own API: JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def merged(current: Any, patch: Any, *, kept_null: Collection[str] = ()) -> Any:
    """`current` with the patch merged in: objects are merged, null removes, everything else replaces. A member
    that is named in `kept_null`, at any depth, is set to null instead: a secret is not in what is read, so only null
    removes it.
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None and name not in kept_null:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value, kept_null=kept_null)
    return result
