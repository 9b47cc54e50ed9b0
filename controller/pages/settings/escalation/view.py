"""What the pages of escalation policies show, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.on_call.escalation import MOST_STEPS
from controller.decisions.on_call.reminders import ReminderTimes
from controller.model.notification.on_call import EscalationPolicy, EscalationStep
from controller.pages.shell.texts import counted, span
from controller.pages.shell.versions import BOX, differing, problems_of_conflict, version_of

DONE = {
    "made": "The policy is made.",
    "saved": "The policy is saved.",
    "deleted": "The policy is deleted. Nobody is told by its steps any more.",
    "reminders": "The reminders are saved.",
}
SEVERITIES = [("down", "full outages only"), ("partial", "partial outages too")]


class EscalationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A policy in words: whose it is, and what happens step by step."""

    id: UUID
    name: str
    whose: str
    what: str
    enabled: bool
    steps: list[str]


class EscalationView(msgspec.Struct, frozen=True, kw_only=True):
    """All policies, and the reminders of the organization with their form, for whoever may change them."""

    done: str
    policies: list[EscalationRow]
    reminders: str
    form: Mapping[str, Any] | None
    problems: Mapping[str, str]


class PolicyFormView(msgspec.Struct, frozen=True, kw_only=True):
    """The form of one policy. `numbers` are those of the steps that have fields."""

    done: str = ""
    path: str
    id: UUID | None
    whose: str
    form: Mapping[str, Any]
    problems: Mapping[str, str]
    numbers: list[int]
    customers: list[tuple[str, str]]
    channels: list[tuple[str, str, str]]
    rotas: list[tuple[str, str]]
    severities: list[tuple[str, str]]


def escalation_row(policy: EscalationPolicy) -> EscalationRow:
    return EscalationRow(
        id=policy.public_id,
        name=policy.name,
        whose=policy.customer_name or "the organization",
        what=dict(SEVERITIES).get(policy.severity, policy.severity),
        enabled=policy.enabled,
        steps=list(map(step_words, policy.steps)),
    )


def step_words(step: EscalationStep) -> str:
    """For example "after 10 min, if nobody took it: Chat, and who is on call in First line"."""
    when = "at once" if step.minutes == 0 else f"after {span(timedelta(minutes=step.minutes))}, if nobody took it"
    return f"{when}: {whom_words(step)}"


def whom_words(step: EscalationStep) -> str:
    named = ", ".join(one.name for one in step.channels)
    rota = f"who is on call in {step.rota.name}" if step.rota else ""
    return ", and ".join(part for part in (named, rota) if part) or "nobody: its channels are gone"


def reminders_words(times: ReminderTimes) -> str:
    if not times.enabled:
        return "Nobody is reminded: whoever was notified hears of an incident again only when something changes."
    first, longest = (round(one.total_seconds() / 60) for one in (times.first, times.longest))
    return (
        f"Whoever was notified is reminded after {counted(first, 'minute')}, and again after pauses that double, up to"
        f" {counted(longest, 'minute')}, until somebody takes it."
    )


class _DrawnPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of a policy was drawn from."""

    form: dict[str, Any]


def policy_version(policy: EscalationPolicy) -> str:
    return version_of(_DrawnPolicy(form=_stored(policy)))


def policy_form(policy: EscalationPolicy | None) -> dict[str, Any]:
    """The values of the form of a policy, or of a new one."""
    if policy is None:
        return {"name": "", "customer": "", "severity": "down", "enabled": "on", "version": ""}
    return _stored(policy) | {"customer": "", "version": policy_version(policy)}


def policy_differences(policy: EscalationPolicy, typed: Mapping[str, Any]) -> dict[str, str]:
    """What to say beside the fields of a form that was typed while somebody else changed the policy to this."""
    steps = range(1, MOST_STEPS + 1)
    nothing = {
        f"{name}_{n}": [] if name == "channels" else "" for name in ("minutes", "channels", "rota") for n in steps
    }
    stored = {**nothing, **_stored(policy)}
    channels = {str(one.public_id): one.name for step in policy.steps for one in step.channels}
    rotas = {str(step.rota.public_id): step.rota.name for step in policy.steps if step.rota}
    words: dict[str, Mapping[str, str]] = {"severity": dict(SEVERITIES), "enabled": BOX}
    words |= {f"channels_{n}": channels for n in steps} | {f"rota_{n}": rotas for n in steps}
    return problems_of_conflict("this policy", differing({**nothing, **typed}, stored), stored, words)


def _stored(policy: EscalationPolicy) -> dict[str, Any]:
    """The values of the fields that can be changed."""
    found: dict[str, Any] = {
        "name": policy.name,
        "severity": policy.severity,
        "enabled": "on" if policy.enabled else "",
    }
    for number, step in enumerate(policy.steps, 1):
        found[f"minutes_{number}"] = str(step.minutes)
        found[f"channels_{number}"] = [str(one.public_id) for one in step.channels]
        found[f"rota_{number}"] = str(step.rota.public_id) if step.rota else ""
    return found
