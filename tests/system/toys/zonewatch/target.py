"""What a zone watch looks at."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from shared.wire.failures import Phase
from shared.wire.targets.base import BaseDetail, BaseTarget


class ZonewatchDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="zonewatch"):
    """How often the name was looked up, and what was found last."""

    lookups: int
    addresses: list[str]


class ZonewatchTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="zonewatch"):
    """Every lookup of `domain` must find `address`, for `watch_seconds`."""

    PHASES: ClassVar[tuple[Phase, ...]] = (Phase.RESOLVE,)
    SUBJECT: ClassVar[str] = "zone"
    DETAIL: ClassVar[type[BaseDetail] | None] = ZonewatchDetail

    domain: str
    address: str
    watch_seconds: Annotated[int, Meta(ge=1, le=280)] = 120


TARGET = ZonewatchTarget
