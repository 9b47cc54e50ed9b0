"""Why no location can check a monitor, in words that name what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from controller.decisions.schedule.eligibility import Obstacles
from controller.model import AgentSighting, Location
from shared.wire.messages import Unfitness

NOT_CHECKED = "no location can check it: "
"""What every such reason begins with."""

NO_RESULT_YET = "a location can check it again, and has sent no result yet"

_NO_AGENT = "no agent is connected {where}"
_KIND_UNKNOWN = "no agent {where} knows this kind of check; update the agents there"
_UNFIT = {
    Unfitness.PORT25_BLOCKED: (
        "no connection to port 25 gets out {where}; where your own servers can be reached all the same, set"
        " MAILPROBE_PORT25_HOSTS to none or to hosts that answer there"
    ),
    Unfitness.NO_IPV4: (
        "there is no route to IPv4 {where}; name the networks of your own servers in MAILPROBE_ALLOW_NETWORKS"
    ),
    Unfitness.NO_IPV6: (
        "there is no route to IPv6 {where}; name the networks of your own servers in MAILPROBE_ALLOW_NETWORKS"
    ),
    Unfitness.RESOLVER_BROKEN: (
        "no resolver {where} answers for the control name; set MAILPROBE_CONTROL_NAME to a name that your"
        " resolver knows"
    ),
}


def without_location(country_codes: Sequence[str] | None, *, listed: bool, any_enabled: bool) -> str:
    """Why a monitor has no location at all. `listed`: it names its locations; `any_enabled`: there are others that are
    enabled.
    """
    if not any_enabled:
        return f"{NOT_CHECKED}no location is enabled"
    where = f" in {', '.join(country_codes)}" if country_codes else ""
    which = "of the locations that it names" if listed else "location"
    return f"{NOT_CHECKED}{'none' if listed else 'no'} {which}{where} is enabled"


def hindrance(
    kind: str,
    deficiencies: Obstacles,
    locations: Sequence[Location],
    agents: Mapping[int, Sequence[AgentSighting]],
    blind: Collection[int],
) -> str:
    """Why none of these locations can check a monitor of this kind; empty when one of them may be able to.

    `agents` are those alive, by location, and `deficiencies` those that matter to this monitor. `blind` are the
    locations that were blind in its latest evaluation: only they prove that a resolver that does not answer for the
    control name does not know the monitor's name either.
    """
    causes: dict[str, list[str]] = {}
    for here in locations:
        found = _causes(kind, deficiencies, agents.get(here.id, ()), resolver_counts=here.id in blind)
        if not found:
            return ""
        for cause in found:
            causes.setdefault(cause, []).append(here.code)
    if not causes:
        return ""
    return NOT_CHECKED + "; ".join(
        cause.format(where="at any location" if len(codes) == len(locations) else f"at {', '.join(codes)}")
        for cause, codes in causes.items()
    )


def _causes(kind: str, deficiencies: Obstacles, agents: Sequence[AgentSighting], *, resolver_counts: bool) -> list[str]:
    if not agents:
        return [_NO_AGENT]
    able = [agent for agent in agents if kind in agent.kinds]
    if not able:
        return [_KIND_UNKNOWN]
    counted = deficiencies if resolver_counts else deficiencies - {Unfitness.RESOLVER_BROKEN}
    if not all(counted.intersection(agent.unfit) for agent in able):
        return []
    return [text for unfit, text in _UNFIT.items() if unfit in counted and any(unfit in agent.unfit for agent in able)]
