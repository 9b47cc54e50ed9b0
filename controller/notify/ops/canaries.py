"""Messages about canaries that do not come back, about their target, and about the dead man's switch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from controller.notify.ops.message import MOST_NAMED, OpsMessage, first_lines, named, path_of
from controller.store.notifications.ops_notices import OpenProblem

_MEANING = (
    "A canary is a request without a monitor that goes the way of every check. Checks of these locations are probably"
    " lost as well: without their results a verdict is old or unknown, and an outage may go unnoticed."
)


_TARGET = (
    "This is the server of MAILPROBE_CANARY_TARGET. If it fails from some locations only, look at their networks first:"
    " their checks may fail for the same reason."
)


class LostCanaries(msgspec.Struct, frozen=True, kw_only=True):
    """The location's name, the kinds whose canaries are lost, and the sentence that says where they stop."""

    name: str
    kinds: list[str]
    stopped: str


def canaries_lost(new: Collection[str], lost: Mapping[str, LostCanaries]) -> OpsMessage:
    return OpsMessage(
        path=path_of(new),
        title=f"{named(new)}: canaries do not come back",
        paragraphs=[
            *first_lines(
                f"{lost[code].name} ({code}): its agents send heartbeats, but canaries for"
                f" {', '.join(lost[code].kinds)} do not come back. {lost[code].stopped}"
                for code in sorted(new)
            ),
            _MEANING,
        ],
    )


def canaries_back(over: Sequence[OpenProblem]) -> OpsMessage:
    codes = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of(codes),
        title=f"{named(codes)}: canaries come back again",
        paragraphs=first_lines(
            f"{trouble.subject}: its canaries had been lost since {trouble.since:%Y-%m-%d %H:%M:%S} UTC."
            for trouble in over
        ),
    )


def target_failing(new: Collection[str], failures: Mapping[str, str]) -> OpsMessage:
    """`failures` is what the last dialogue of each location found."""
    return OpsMessage(
        path=path_of(new),
        title=f"The canary target fails from {', '.join(sorted(new)[:MOST_NAMED])}",
        paragraphs=[
            *first_lines(f"The canary target fails from location {code}: {failures[code]}" for code in sorted(new)),
            _TARGET,
        ],
    )


def target_works(over: Sequence[OpenProblem]) -> OpsMessage:
    codes = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of(codes),
        title=f"The canary target works again from {', '.join(codes[:MOST_NAMED])}",
        paragraphs=first_lines(
            f"It had failed from location {trouble.subject} since {trouble.since:%Y-%m-%d %H:%M:%S} UTC."
            for trouble in over
        ),
    )


def heartbeat_url_failing(problem: str) -> OpsMessage:
    return OpsMessage(
        path="/",
        title="The heartbeat URL does not answer",
        paragraphs=[
            f"MAILPROBE_HEARTBEAT_URL was fetched three times in a row without success: {problem}.",
            "Mailprobe itself works. The service behind the URL will report it as dead, unless that service is down.",
        ],
    )


def heartbeat_url_answers(over: Sequence[OpenProblem]) -> OpsMessage:
    return OpsMessage(
        path="/",
        title="The heartbeat URL answers again",
        paragraphs=[f"It had not since {trouble.since:%Y-%m-%d %H:%M:%S} UTC." for trouble in over],
    )
