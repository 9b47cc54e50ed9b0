"""Messages about locations and their agents: silent ones, wrong clocks, unrequested results."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller.notify.ops.message import MOST_NAMED, OpsMessage, first_lines, named, path_of
from controller.store.checks.dead_letters import DeadLetterCount
from controller.store.notifications.ops_notices import LocationContact, OpenProblem

_REPLACE_ENROLMENT = (
    "Otherwise somebody else may have the location's enrolment file: `mailprobe-controller locations rotate CODE --now`"
    " makes a new one and invalidates the old one."
)


def locations_silent(new: Collection[str], contacts: Mapping[str, LocationContact]) -> OpsMessage:
    locations = [contacts[code] for code in sorted(new)]
    return OpsMessage(
        path=path_of(new),
        title=f"{named(new)} silent, {len(new)} of {len(contacts)}",
        paragraphs=[
            *first_lines(
                f"{here.name} ({here.code}): no heartbeat of any agent since {here.last_seen_at:%Y-%m-%d %H:%M:%S} UTC."
                for here in locations
            ),
            "There are no checks from there, so verdicts rest on the other locations. Customers were not notified.",
        ],
    )


def locations_back(over: Sequence[OpenProblem], contacts: Mapping[str, LocationContact]) -> OpsMessage:
    return OpsMessage(
        path=path_of([trouble.subject for trouble in over]),
        title=f"{named([trouble.subject for trouble in over])} back",
        paragraphs=first_lines(
            f"{contacts[trouble.subject].name} ({trouble.subject}): its agents send heartbeats again."
            f" There had been none since {trouble.since:%Y-%m-%d %H:%M:%S} UTC."
            for trouble in over
        ),
    )


def clocks_off(new: Collection[str], offsets_ms: Mapping[str, float]) -> OpsMessage:
    return OpsMessage(
        path=path_of({agent.partition("/")[0] for agent in new}),
        title=f"Clock off: {', '.join(sorted(new)[:MOST_NAMED])}",
        paragraphs=[
            *first_lines(
                f"The clock of agent {agent} is {abs(offsets_ms[agent]) / 1000:.1f} s"
                f" {'ahead of' if offsets_ms[agent] > 0 else 'behind'} the broker's."
                for agent in sorted(new)
            ),
            "Mailprobe corrects the times of its results. Synchronize the machine's clock, for example by NTP.",
        ],
    )


def clocks_right(over: Sequence[OpenProblem]) -> OpsMessage:
    agents = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of({agent.partition("/")[0] for agent in agents}),
        title=f"Clock right again: {', '.join(agents[:MOST_NAMED])}",
        paragraphs=first_lines(f"The clock of agent {agent} agrees with the broker's again." for agent in agents),
    )


def unrequested_results(
    new: Collection[str], names: Mapping[str, str], counts: Mapping[str, Sequence[DeadLetterCount]]
) -> OpsMessage:
    """`counts` are the dead letters of each location, the latest first."""
    return OpsMessage(
        path=path_of(new),
        title=f"Unrequested results: {named(new).lower()}",
        paragraphs=[
            *first_lines(
                f"{names[code]} ({code}): {sum(count.messages for count in counts[code])} in the last hour or two,"
                f" the latest at {counts[code][0].last_at:%Y-%m-%d %H:%M:%S} UTC ({counts[code][0].why})."
                for code in sorted(new)
            ),
            "No controller requested these checks. Their results were put aside and do not count for any monitor.",
            f"A few are normal after a database was restored from a backup. {_REPLACE_ENROLMENT}",
        ],
    )


def no_more_unrequested_results(over: Sequence[OpenProblem]) -> OpsMessage:
    codes = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of(codes),
        title=f"No more unrequested results: {named(codes).lower()}",
        paragraphs=first_lines(f"The last one from {code} came more than an hour ago." for code in codes),
    )
