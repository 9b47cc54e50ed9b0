"""Messages about locations whose own network takes STARTTLS away."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller.notify.ops.message import OpsMessage, first_lines, named, path_of
from controller.store.notifications.ops_notices import OpenProblem

_MEANING = (
    "Several unrelated mail servers offer STARTTLS to other locations at the same addresses, and not to these. So the"
    " network of the location is the reason: a firewall that inspects SMTP, or a provider that redirects port 25. Its"
    " checks are counted as blind where STARTTLS is missing, and no customer is notified. Have the network changed, or"
    " move the location."
)


def stripped(new: Collection[str], servers: Mapping[str, int]) -> OpsMessage:
    """`servers` is how many monitors show it at each location."""
    return OpsMessage(
        path=path_of(new),
        title=f"{named(new)}: the network takes STARTTLS away",
        paragraphs=[
            *first_lines(f"{code}: {servers.get(code, 0)} monitors are not offered STARTTLS." for code in sorted(new)),
            _MEANING,
        ],
    )


def stripped_no_more(over: Sequence[OpenProblem]) -> OpsMessage:
    codes = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of(codes),
        title=f"{named(codes)}: STARTTLS is offered again",
        paragraphs=first_lines(
            f"{trouble.subject}: STARTTLS had been taken away since {trouble.since:%Y-%m-%d %H:%M:%S} UTC."
            for trouble in over
        ),
    )
