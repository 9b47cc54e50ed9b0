"""What people send to act on an incident: an acknowledgement, a comment, a resolution by hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from controller.operations.incidents.incident_handling import LONGEST


class _Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The root of the bodies that carry a text of a person."""


class Acknowledgement(_Note, frozen=True, kw_only=True):
    comment: Annotated[str, Meta(description=f"At most {LONGEST} characters.", examples=["On my way"])] = ""


class Comment(_Note, frozen=True, kw_only=True):
    comment: Annotated[str, Meta(description=f"1 to {LONGEST} characters.", examples=["The disk was full"])]


class Resolution(_Note, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(description=f"1 to {LONGEST} characters.", examples=["The server is retired"])]


BODIES = (Acknowledgement, Comment, Resolution)
