"""What people send to act on an incident: an acknowledgement, a comment, a resolution by hand."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.decisions.acknowledgement import Lasts
from controller.operations.incidents.comments import LONGEST

_LENGTH = {"minLength": 1, "maxLength": LONGEST}
"""Checked by the operation, whose text names spaces and control characters too."""


class _Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The root of the bodies that carry a text of a person."""


class Acknowledgement(_Note, frozen=True, kw_only=True):
    EXAMPLE: ClassVar[dict[str, Any]] = {"comment": "On my way", "for": "2h"}

    comment: Annotated[
        str,
        Meta(
            description=f"For the timeline; empty when not given. At most {LONGEST} characters.",
            examples=["On my way"],
            extra_json_schema={"maxLength": LONGEST},
        ),
    ] = ""
    lasts: Annotated[
        Lasts,
        Meta(
            description="For how long: 30m, 2h, or until it is resolved, as when not given. Afterwards nobody has it.",
            examples=["2h"],
        ),
    ] = msgspec.field(default=Lasts.RESOLVED, name="for")


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
