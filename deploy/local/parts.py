"""The controller and the agents as parts to keep running, each with only the settings and secrets that it needs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from signal import Signals

from deploy.local.data import DataFolder
from deploy.local.programs import environ, program
from deploy.local.supervisor import Part

CONTROLLER = "mailprobe-controller"
_AGENT = "mailprobe-agent"
_NOT_FOR_AGENTS = (
    *("DATABASE_URL", "VAULT_KEYS"),
    *("TRUST_FILE", "NATS_CREDENTIALS", "NATS_CA", "VERIFY_KEYS"),
    *("METRICS_HOST", "METRICS_PORT"),  # the controller's: several programs cannot share one port
    *("ENROLMENT", "LOCATION", "COUNTRY", "NATS_URL", "SEALING_KEY", "AGENT_NAME"),  # would override its enrolment file
)


def controller_part(settings: Mapping[str, str], ready: Callable[[], Awaitable[bool]]) -> Part:
    """`settings` lack MAILPROBE_ in their names. Raises LocalError."""
    return Part(
        name="controller",
        command=[program(CONTROLLER), "serve"],
        environ=environ({**settings, "DRAIN_SECONDS": "2"}),
        ready=ready,
        stop=((Signals.SIGTERM, 2.5),),
        wrong_settings=2,
    )


def agent_part(location: str, data: DataFolder, allow_networks: Sequence[str], settings: Mapping[str, str]) -> Part:
    """`settings` are the controller's; of these an agent gets the form of the log. Raises LocalError."""
    own = {"ALLOW_NETWORKS": ",".join(allow_networks), "DRAIN_SECONDS": "3", "STATE_FOLDER": str(data.agents)}
    if allow_networks and not os.environ.get("MAILPROBE_PORT25_HOSTS"):
        own["PORT25_HOSTS"] = "none"  # a port blocked by a home network is not blocked to the allowed networks
    if "LOG_FORMAT" in settings:
        own["LOG_FORMAT"] = settings["LOG_FORMAT"]
    return Part(
        name=f"agent-{location}",
        command=[program(_AGENT), "run", "--processes", "1", "--enrolment", str(data.enrolment(location))],
        environ=environ(own, without=_NOT_FOR_AGENTS),
        stop=((Signals.SIGTERM, 3.5),),
    )
