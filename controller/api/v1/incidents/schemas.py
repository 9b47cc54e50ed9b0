"""What people send to act on an incident: an acknowledgement, a comment, a resolution by hand."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.operations.incidents.incident_handling import LONGEST

_LENGTH = {"minLength": 1, "maxLength": LONGEST}
"""Checked by the operation, whose text names spaces and control characters too."""


class _Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The root of the bodies that carry a text of a person."""


class Acknowledgement(_Note, frozen=True, kw_only=True):
    EXAMPLE: ClassVar[dict[str, Any]] = {"comment": "On my way"}

    comment: Annotated[
        str,
        Meta(
            description=f"For the timeline; empty when not given. At most {LONGEST} characters.",
            examples=["On my way"],
            extra_json_schema={"maxLength": LONGEST},
        ),
    ] = ""


class Comment(_Note, frozen=True, kw_only=True):
    EXAMPLE: ClassVar[dict[str, Any]] = {"comment": "The disk was full"}

    comment: Annotated[
        str,
        Meta(
            description=f"For the timeline. 1 to {LONGEST} characters.",
            examples=["The disk was full"],
            extra_json_schema=_LENGTH,
        ),
    ]


class Resolution(_Note, frozen=True, kw_only=True):
    EXAMPLE: ClassVar[dict[str, Any]] = {"reason": "The server is retired"}

    reason: Annotated[
        str,
        Meta(
            description=f"Why it is over, for the timeline. 1 to {LONGEST} characters.",
            examples=["The server is retired"],
            extra_json_schema=_LENGTH,
        ),
    ]


BODIES = (Acknowledgement, Comment, Resolution)
