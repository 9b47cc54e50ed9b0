"""Any part may die under load; afterwards the ledger balances, with one result or one gap for every check."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import pytest

from tests.fakes.folders import data_folder
from tests.system import monitors
from tests.system.drills.drill import Drill, ready
from tests.system.drills.ledger import Balance
from tests.system.product import eventually


class Pace(NamedTuple):
    """The number of monitors, the seconds of normal work before and after the disturbance, and the seconds for which an
    agent is frozen. `late` is the share of checks that may come too late while what was killed starts again: that takes
    as long as the machine needs, and a short drill has few other checks.
    """

    monitors: int
    lead: float
    after: float
    frozen: float
    late: float


SHORT = Pace(monitors=100, lead=4, after=6, frozen=12, late=0.5)
"""For a drill of at most a minute; the broker gives requests of a frozen agent to another one after ten seconds."""

FULL = Pace(monitors=200, lead=12, after=15, frozen=60, late=0.05)


Disturb: TypeAlias = Callable[[Drill, Pace], None]
BalanceCheck: TypeAlias = Callable[[Balance, Pace], None]


def undisturbed(_: Drill, pace: Pace) -> None:
    time.sleep(pace.lead)


def kill_the_leader(drill: Drill, pace: Pace) -> None:
    """The standby takes over, and the supervisor restarts the killed controller."""
    _, address = drill.another_controller()
    assert drill.leader() == drill.pid("controller")
    drill.signal(signal.SIGKILL, "controller")
    # Possibly no controller leads at this moment: what is triggered now must not be lost either.
    with drill.product.through(address) as there:
        monitor = monitors.create(there, drill.spare_port, smtpConfig={"ignoreTls": True})
        monitors.trigger(there, monitor)
        monitors.checks_from(there, monitor, {"DE", "US"}, lambda check: check["purpose"] == "scheduled")
        monitors.checks_from(there, monitor, {"DE", "US"}, lambda check: check["purpose"] == "triggered")


def freeze_the_leader(drill: Drill, pace: Pace) -> None:
    """The standby ends the session of a leader without a sign of life, which then wakes up as a standby."""
    process, address = drill.another_controller()
    frozen = drill.pid("controller")
    os.kill(frozen, signal.SIGSTOP)
    try:
        eventually(lambda: drill.leader() == process.pid, "the standby leads", 10)
        time.sleep(5)
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert ready(address)
    eventually(lambda: ready(str(drill.product.api.base_url)), "the woken controller serves again", 10)
    assert drill.leader() == process.pid


def restart(*parts: str) -> Disturb:
    def disturb(drill: Drill, pace: Pace) -> None:
        drill.signal(signal.SIGKILL, *parts)

    disturb.__name__ = "kill_" + "_and_".join(parts)
    return disturb


def kill_an_agent_beside_another(drill: Drill, pace: Pace) -> None:
    drill.another_agent("de")
    drill.signal(signal.SIGKILL, "agent-de")


def freeze_an_agent(drill: Drill, pace: Pace) -> None:
    drill.signal(signal.SIGSTOP, "agent-de")
    time.sleep(pace.frozen)
    drill.signal(signal.SIGCONT, "agent-de")


def kill_the_whole_stack(drill: Drill, pace: Pace) -> None:
    drill.product.kill()
    time.sleep(2)
    drill.product.start()


def _no_gap(balance: Balance, pace: Pace) -> None:
    assert not balance.gaps
    assert balance.unreported == 0


def _few_repeats(balance: Balance, pace: Pace) -> None:
    """The mail server accepted connections of a killed agent whose checks are lost or run again by another agent."""
    assert balance.unreported < balance.expected / 20
    assert sum(balance.gaps.values()) < balance.expected / 20


def _one_location_away(balance: Balance, pace: Pace) -> None:
    assert balance.unreported < balance.expected / 20
    assert sum(balance.gaps.values()) < balance.expected / 2


def _started_again(balance: Balance, pace: Pace) -> None:
    assert balance.unreported < balance.expected / 20
    assert sum(balance.gaps.values()) < balance.expected * pace.late


def _run(disturb: Disturb, check_balance: BalanceCheck, pace: Pace) -> None:
    with data_folder() as folder, Drill(folder, pace.monitors) as drill:
        time.sleep(pace.lead)
        disturb(drill, pace)
        time.sleep(pace.after)
        balance = drill.balance()
        print(drill.interruptions())
    assert not balance.problems, str(balance)
    assert balance.expected >= 2 * pace.monitors * 2
    check_balance(balance, pace)


KINDS = [
    pytest.param(undisturbed, _no_gap, id="nothing happens: no gap"),
    pytest.param(kill_the_leader, _no_gap, id="the leader killed: no gap"),
    pytest.param(freeze_the_leader, _no_gap, id="the leader frozen: no gap"),
    pytest.param(restart("nats"), _started_again, id="NATS restarted"),
    pytest.param(restart("postgres"), _started_again, id="PostgreSQL restarted"),
    pytest.param(restart("nats", "postgres"), _started_again, id="NATS and PostgreSQL restarted"),
    pytest.param(restart("agent-de"), _started_again, id="the only agent of a location killed"),
    pytest.param(kill_an_agent_beside_another, _few_repeats, id="one of two agents killed"),
    pytest.param(freeze_an_agent, _one_location_away, id="an agent frozen for a while"),
    pytest.param(kill_the_whole_stack, _started_again, id="everything killed"),
]


@pytest.mark.long
@pytest.mark.parametrize(("disturb", "check_balance"), KINDS)
def test_the_ledger_balances_when_once(disturb: Disturb, check_balance: BalanceCheck) -> None:
    _run(disturb, check_balance, SHORT)


@pytest.mark.drill
@pytest.mark.parametrize("repetition", [1, 2, 3])
@pytest.mark.parametrize(("disturb", "check_balance"), KINDS)
def test_the_ledger_balances_when(disturb: Disturb, check_balance: BalanceCheck, repetition: int) -> None:
    _run(disturb, check_balance, FULL)
