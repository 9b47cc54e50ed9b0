"""What ops are told, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from controller.store.ops_troubles import Heard, Trouble

_MOST_NAMED = 20


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


def _named(codes: Collection[str]) -> str:
    """As "Locations de, us"."""
    return f"Location{'s' if len(codes) > 1 else ''} {', '.join(sorted(codes)[:_MOST_NAMED])}"


def _some(lines: Iterable[str]) -> list[str]:
    """The first lines, and how many more there are."""
    every = list(lines)
    rest = len(every) - _MOST_NAMED
    return every[:_MOST_NAMED] + ([f"And {rest} more."] if rest > 0 else [])
