"""What ops are told, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from controller.store.checks.dead_letters import ParkedTally
from controller.store.notifications.ops_notices import Heard, Trouble

_MOST_NAMED = 20
_TAKE_AWAY = (
    "Otherwise somebody may have the location's enrolment file: `mailprobe-controller locations rotate CODE --now`"
    " makes a new one and ends the old."
)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The title and paragraphs of a notice."""

    title: str
    paragraphs: list[str]


def silent(new: Collection[str], heard: Mapping[str, Heard]) -> Words:
    locations = [heard[code] for code in sorted(new)]
    return Words(
        title=f"{_named(new)} silent, {len(new)} of {len(heard)}",
        paragraphs=[
            *_some(
                f"{here.name} ({here.code}): no heartbeat of any agent since {here.last_seen_at:%Y-%m-%d %H:%M:%S} UTC."
                for here in locations
            ),
            "Its checks are missing and vote for nothing. No customer was told of it.",
        ],
    )


def back(over: Sequence[Trouble], heard: Mapping[str, Heard]) -> Words:
    return Words(
        title=f"{_named([trouble.subject for trouble in over])} back",
        paragraphs=_some(
            f"{heard[trouble.subject].name} ({trouble.subject}) is heard again."
            f" It was silent since {trouble.since:%Y-%m-%d %H:%M:%S} UTC."
            for trouble in over
        ),
    )


def off(new: Collection[str], offsets_ms: Mapping[str, float]) -> Words:
    return Words(
        title=f"Clock off: {', '.join(sorted(new)[:_MOST_NAMED])}",
        paragraphs=[
            *_some(
                f"The clock of agent {agent} is {abs(offsets_ms[agent]) / 1000:.1f} s"
                f" {'ahead of' if offsets_ms[agent] > 0 else 'behind'} the broker's."
                for agent in sorted(new)
            ),
            "The times of its results are corrected. Let a time service set the machine's clock.",
        ],
    )


def right(over: Sequence[Trouble]) -> Words:
    agents = [trouble.subject for trouble in over]
    return Words(
        title=f"Clock right again: {', '.join(agents[:_MOST_NAMED])}",
        paragraphs=_some(f"The clock of agent {agent} agrees with the broker's again." for agent in agents),
    )


def unasked(new: Collection[str], names: Mapping[str, str], tallies: Mapping[str, Sequence[ParkedTally]]) -> Words:
    """`tallies` are those of each location, the latest first."""
    return Words(
        title=f"Results nobody asked for: {_named(new).lower()}",
        paragraphs=[
            *_some(
                f"{names[code]} ({code}): {sum(tally.messages for tally in tallies[code])} in the last hour or two,"
                f" the latest at {tallies[code][0].last_at:%Y-%m-%d %H:%M:%S} UTC ({tallies[code][0].why})."
                for code in sorted(new)
            ),
            "They were put aside and say nothing about any monitor.",
            f"A few may be honest after a database was restored from a backup. {_TAKE_AWAY}",
        ],
    )


def unasked_no_more(over: Sequence[Trouble]) -> Words:
    codes = [trouble.subject for trouble in over]
    return Words(
        title=f"No more results that nobody asked for: {_named(codes).lower()}",
        paragraphs=_some(f"The last one from {code} came more than an hour ago." for code in codes),
    )


def _named(codes: Collection[str]) -> str:
    """As "Locations de, us"."""
    return f"Location{'s' if len(codes) > 1 else ''} {', '.join(sorted(codes)[:_MOST_NAMED])}"


def _some(lines: Iterable[str]) -> list[str]:
    """The first lines, and how many more there are."""
    every = list(lines)
    rest = len(every) - _MOST_NAMED
    return every[:_MOST_NAMED] + ([f"And {rest} more."] if rest > 0 else [])
