"""Messages about results and heartbeats that were refused because of their signature."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from controller.notify.ops.message import OpsMessage, first_lines, named, path_of
from controller.store.checks.dead_letters import DeadLetterCount
from controller.store.locations.signatures import RefusedHeartbeat
from controller.store.notifications.ops_notices import OpenProblem

_WHAT_TO_DO = {
    "unsigned": "unsigned: the location signs, so either an agent of an older version was started there (update it, or"
    " allow it with `mailprobe-controller trust allow-unsigned CODE`), or somebody who can write to NATS forges"
    " results.",
    "unknown_key": "unknown_key: signed with a key that is not one of the location's. If the database was restored"
    " from a backup, run `mailprobe-controller locations rotate CODE` and restart its agents with the new file; else"
    " somebody who can write to NATS forges results.",
    "ended_key": "ended_key: signed with a key that has ended. Give the agents the location's newest enrolment file; if"
    " all have it, somebody else uses the old one.",
    "wrong_signature": "wrong_signature: the message was changed on its way, or forged. Examine NATS and who can write"
    " to it.",
}


class SignatureRefusals(msgspec.Struct):
    """What was refused of one location lately: results by reason, the latest first, and the latest heartbeat."""

    results: list[DeadLetterCount] = []
    heartbeat: RefusedHeartbeat | None = None

    @property
    def first_at(self) -> datetime:
        moments = [counted.last_at for counted in self.results]
        return min([*moments, self.heartbeat.at] if self.heartbeat else moments)

    @property
    def reasons(self) -> set[str]:
        return {counted.why for counted in self.results} | ({self.heartbeat.why} if self.heartbeat else set())

    def text(self) -> str:
        """For example "12 results in the last hour or two (unsigned), heartbeats of agent a-1 (unsigned)"."""
        parts = [
            f"{counted.messages} result{'s' if counted.messages != 1 else ''} in the last hour or two ({counted.why})"
            for counted in self.results
        ]
        if self.heartbeat:
            parts.append(f"heartbeats of agent {self.heartbeat.agent} ({self.heartbeat.why})")
        return ", ".join(parts)


def signatures_refused(
    new: Collection[str], names: Mapping[str, str], refusals: Mapping[str, SignatureRefusals]
) -> OpsMessage:
    reasons = {reason for code in new for reason in refusals[code].reasons}
    return OpsMessage(
        path=path_of(new),
        title=f"Refused signatures: {named(new).lower()}",
        paragraphs=[
            *first_lines(f"{names[code]} ({code}): {refusals[code].text()}." for code in sorted(new)),
            "They do not count for any monitor, and their checks become gaps.",
            *(text[0].upper() + text[1:] for reason, text in _WHAT_TO_DO.items() if reason in reasons),
        ],
    )


def signatures_refused_no_more(over: Sequence[OpenProblem]) -> OpsMessage:
    codes = [trouble.subject for trouble in over]
    return OpsMessage(
        path=path_of(codes),
        title=f"No more refused signatures: {named(codes).lower()}",
        paragraphs=first_lines(f"The last message of {code} that was refused came over an hour ago." for code in codes),
    )
