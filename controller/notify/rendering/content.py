"""What a message says, before it is laid out as text or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class LocationVote(NamedTuple):
    """What one location saw. `state` is passed, warned, failed, blind or awaited; empty when it is not known."""

    location: str
    finding: str
    state: str
    total_ms: float | None


class Timing(NamedTuple):
    ms: float
    failed: bool


class Timings(NamedTuple):
    """How long each phase took at some locations. A row has a phase and a timing, or None, for each location.
    `left_out` counts the locations with timings that are not among them.
    """

    locations: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Timing | None]]]
    left_out: int = 0


class HelpStep(NamedTuple):
    """What to do about a failure, and the page with more about it."""

    title: str
    text: str
    link: str | None


class Member(NamedTuple):
    """An incident in a message about a group."""

    name: str
    link: str | None
    server: str
    customer: str
    state: str
    detail: str
    over: bool


class ListLine(NamedTuple):
    """A line of a list; `bad` marks what is wrong now."""

    name: str
    link: str | None
    text: str
    bad: bool = False


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """`state`, `name` and `cause` are the three parts of the subject. `action` is the words of the button that opens
    `link`. `lists` have a heading, lines, and how many lines are left out. `ack_link` lets its reader take what the
    message is about; `unsubscribe_link` ends messages of this kind to its reader.
    """

    state: str
    name: str = ""
    cause: str = ""
    paragraphs: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    votes: Sequence[LocationVote] = ()
    timings: Timings | None = None
    causes: Sequence[tuple[str, int]] = ()
    members: Sequence[Member] = ()
    more_members: int = 0
    lists: Sequence[tuple[str, Sequence[ListLine], int]] = ()
    steps: Sequence[HelpStep] = ()
    link: str | None = None
    action: str = "Open it in Mailprobe"
    ack_link: str | None = None
    unsubscribe_link: str | None = None
    remarks: Sequence[str] = ()

    @property
    def headline(self) -> str:
        """For example "Down: Office mail"."""
        return f"{self.state}: {self.name}" if self.name else self.state

    @property
    def subject(self) -> str:
        """The headline and the cause."""
        return f"{self.headline} – {self.cause}" if self.cause else self.headline
