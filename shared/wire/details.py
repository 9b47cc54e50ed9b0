"""The detail of a result: what a check of one kind found beyond the fields that all kinds have.

The module of a kind declares it (`DETAIL` of its target), and its tag `kind` identifies it. A detail that is unknown,
wrong or too large is left out of its result, never the result with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from shared.wire.targets import TARGETS, BaseDetail, kind_of

LONGEST_DETAIL = 32 * 1024
"""The most bytes of a detail, as compact JSON."""

DEEPEST_DETAIL = 32
"""The most lists and objects of a detail that are inside each other. The interpreter limits the depth, so what reads a
deeper one later, inside other structures, could fail.
"""

DetailJson: TypeAlias = "dict[str, Any]"
"""A detail as JSON values. It may have fields of a newer version."""

Details: TypeAlias = Mapping[str, type[BaseDetail]]
"""The details of some kinds, by kind."""

DETAILS: Details = {kind_of(target): target.DETAIL for target in TARGETS if target.DETAIL is not None}
"""Those of all kinds that declare one."""


class DetailFault(StrEnum):
    """What is wrong with a detail."""

    UNKNOWN_KIND = "unknown_kind"
    INVALID = "invalid"
    TOO_LARGE = "too_large"


def fault_of(detail: object, kinds: Details = DETAILS) -> DetailFault | None:
    """What is wrong with the detail of a result, which may be any JSON value; None: nothing is."""
    if detail is None:
        return None
    if _is_too_deep(detail):
        return DetailFault.INVALID
    try:
        if len(msgspec.json.encode(detail)) > LONGEST_DETAIL:
            return DetailFault.TOO_LARGE
    except (ValueError, TypeError, OverflowError):
        return DetailFault.INVALID
    kind = detail.get("kind") if isinstance(detail, dict) else None
    known = kinds.get(kind) if isinstance(kind, str) else None
    if known is None:
        return DetailFault.UNKNOWN_KIND
    try:
        msgspec.convert(detail, known)
    except msgspec.ValidationError:
        return DetailFault.INVALID
    return None


def _is_too_deep(detail: object) -> bool:
    level = [detail]
    for _ in range(DEEPEST_DETAIL + 1):
        inside: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inside += each.values()
            elif isinstance(each, list):
                inside += each
        if not inside:
            return False
        level = inside
    return True
