"""Events as lines in a terminal: what they say, and that their columns are aligned."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from wcwidth import wcswidth

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.api.asyncapi.side_examples import CONFIGURATION, DELIVERY, FACT, GAP, MAINTENANCE
from controller.watch.event_filter import AnyEvent
from controller.watch.lines import Columns, cells, line
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import Event, PhaseTiming
from shared.wire.rounds import Purpose

PLAIN = Columns(name=10, location=6)
COLOUR = Columns(name=10, location=6, colour=True)
DNS = Failure(kind=FailureKind.DNS_ERROR, source=FailureSource.RESOLVER, phase=Phase.RESOLVE)


def result(**changes: Any) -> Event:
    """A passed check of 181.4 ms, with these fields of the result changed."""
    plain: dict[str, Any] = {"failure": None, "warnings": []}
    checked = msgspec.structs.replace(RESULT.result, **plain | changes)
    return msgspec.structs.replace(RESULT, result=checked, status=checked.status)


def verdict(**changes: Any) -> AnyEvent:
    return msgspec.structs.replace(VERDICT, **changes)


def incident(**changes: Any) -> AnyEvent:
    return msgspec.structs.replace(INCIDENT, **changes)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(
            GAP,
            "14:04:40Z  Mail        jp-tyo  smtp  missing             no result of the check due 14:04:00Z: no agent",
            id="a gap",
        ),
        pytest.param(
            msgspec.structs.replace(GAP, due_to=GAP.due_to + timedelta(minutes=10)),
            "14:04:40Z  Mail        jp-tyo  smtp  missing             no result of the check due 14:04:00Z, until"
            " 14:14:00Z: no agent",
            id="a gap of several checks",
        ),
        pytest.param(
            MAINTENANCE,
            "14:05:12Z  Mail                smtp  pause               maintenance began, until 2026-03-01 16:05Z",
            id="maintenance",
        ),
        pytest.param(
            msgspec.structs.replace(DELIVERY, name="On\x1b[2J call"),
            "14:05:12Z  Mail                smtp  notice              webhook to On�[2J call retrying:"
            " the receiver answered 503",
            id="an attempt to notify somebody",
        ),
        pytest.param(
            CONFIGURATION,
            "14:05:12Z  Mail                smtp  changed             monitor.changed by a person:"
            " config.auth.password, port",
            id="a change of configuration",
        ),
        pytest.param(
            FACT,
            "14:05:12Z  Mail                smtp  facts               STARTTLS vanished in JP, and other countries are"
            " still offered it",
            id="what differs between countries",
        ),
        pytest.param(
            result(),
            "14:05:00Z  Mail        de-nbg  smtp  success     181 ms  auth 76 ms, tls 40 ms, greeting 18 ms",
            id="a passed check shows its phases",
        ),
        pytest.param(
            result(
                phases=[
                    PhaseTiming(phase=Phase.EHLO, start_ms=0, duration_ms=20),
                    PhaseTiming(phase=Phase.STARTTLS, start_ms=20, duration_ms=30),
                    PhaseTiming(phase=Phase.EHLO, start_ms=50, duration_ms=25),
                ]
            ),
            "14:05:00Z  Mail        de-nbg  smtp  success     181 ms  ehlo 45 ms, starttls 30 ms",
            id="a phase that occurs twice counts once, with both its times",
        ),
        pytest.param(
            result(warnings=[CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLSv1.1")], phases=[]),
            "14:05:00Z  Mail        de-nbg  smtp  success     181 ms  tls weak: TLSv1.1",
            id="a warning is written in words",
        ),
        pytest.param(
            result(failure=RESULT.result.failure),
            "14:05:00Z  Mail        de-nbg  smtp  failure     181 ms"
            "  login unavailable in auth: 454 4.7.0 Temporary authentication failure",
            id="a failed check shows what failed, in which phase, and the server's reply",
        ),
        pytest.param(
            result(failure=RESULT.result.failure, login_withheld=True),
            "14:05:00Z  Mail        de-nbg  smtp  failure     181 ms"
            "  login unavailable in auth: 454 4.7.0 Temporary authentication failure (login not tried again yet)",
            id="a withheld login is not shown as a new refusal",
        ),
        pytest.param(
            result(failure=DNS),
            "14:05:00Z  Mail        de-nbg  smtp  unknown     181 ms"
            "  dns error in resolve (fault of the name servers there)",
            id="a failure that is not the server's fault says whose it is",
        ),
        pytest.param(
            result(purpose=Purpose.RECHECK, phases=[]),
            "14:05:00Z  Mail        de-nbg  smtp  success     181 ms  (recheck)",
            id="a recheck is distinguished from a round",
        ),
        pytest.param(
            result(
                duration_ms=60000.4, phases=[], failure=Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET)
            ),
            "14:05:00Z  Mail        de-nbg  smtp  failure   60000 ms  timeout",
            id="the longest duration fits its column",
        ),
        pytest.param(
            verdict(),
            "14:05:10Z  Mail                smtp  down                "
            "verdict, was up: 2 of 3 countries cannot log in: login unavailable; JP passes",
            id="a verdict says what was before, and why",
        ),
        pytest.param(
            verdict(verdict="hibernating", reason=""),
            "14:05:10Z  Mail                smtp  hiberna…            verdict, was up",
            id="a word of a later version is shown unchanged, and stays in its column",
        ),
        pytest.param(
            incident(),
            "14:05:10Z  Mail                smtp  down                "
            "incident opened, failing since 14:05:00Z: 2 of 3 countries cannot log in: login unavailable; JP passes",
            id="an opened incident says since when the monitor fails",
        ),
        pytest.param(
            incident(
                change="resolved", reason="3 of 3 pass", resolved_at=INCIDENT.outage_started_at + timedelta(minutes=65)
            ),
            "14:05:10Z  Mail                smtp  down                incident resolved after 1 h 5 min: 3 of 3 pass",
            id="a resolved incident says how long it lasted",
        ),
        pytest.param(
            incident(change="acknowledged", severity="partial", reason="on it\nEve"),
            "14:05:10Z  Mail                smtp  partial             incident acknowledged: on it Eve",
            id="what a person wrote stays on the line",
        ),
    ],
)
def test_a_line_says(event: AnyEvent, expected: str) -> None:
    assert line(event, "Mail", PLAIN) == expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="none"),
        pytest.param("exactly 10", id="as wide as the column"),
        pytest.param("a name that is much longer than its column", id="longer than the column"),
        pytest.param("日本のメール", id="wide characters"),
        pytest.param("日本のメールサーバー", id="wide characters that do not fit"),
        pytest.param("xメールサーバー", id="a wide character at the very edge"),
        pytest.param("Cafe\N{COMBINING ACUTE ACCENT} Zoe\N{COMBINING DIAERESIS}", id="combining characters"),
        pytest.param("mail 📮 box", id="an emoji"),
        pytest.param("a\x1b[2Jb\tc\u202ed", id="characters that steer a terminal"),
        pytest.param(str(UUID(int=7)), id="only a public id"),
    ],
)
@pytest.mark.parametrize("columns", [PLAIN, COLOUR], ids=["plain", "in colour"])
@pytest.mark.parametrize("event", [result(), verdict(), incident()], ids=["result", "verdict", "incident"])
def test_columns_stand_under_each_other_whatever_a_monitor_is_called(
    event: AnyEvent, columns: Columns, name: str
) -> None:
    shown = re.sub(r"\033\[[0-9;]+m", "", line(event, name, columns))
    at = shown.index("  smtp  ")
    assert wcswidth(shown[:at]) == len("14:05:00Z  ") + 10 + 2 + 6
    assert shown.isprintable()


def test_a_long_location_stays_in_its_column() -> None:
    shown = line(result(location="eu-central-nuremberg-2"), "Mail", PLAIN)
    assert shown.startswith("14:05:00Z  Mail        eu-ce…  smtp  success")


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    hostile = Failure(
        kind=FailureKind.CLOSED, source=FailureSource.TARGET, detail="\x1b]0;owned\x07 \x9b31m\u202ebye\r\n"
    )
    shown = line(result(failure=hostile), "Mail", PLAIN)
    assert shown.isprintable()
    assert shown.endswith("closed: �]0;owned� �31m�bye")


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        pytest.param(result(), {"32"}, id="green when it passed"),
        pytest.param(
            result(warnings=[CheckWarning(kind=WarningKind.SLOW)]), {"33"}, id="yellow when it passed with a warning"
        ),
        pytest.param(result(failure=RESULT.result.failure), {"31"}, id="red when the server failed"),
        pytest.param(result(failure=DNS), {"2"}, id="faint when the fault was ours"),
        pytest.param(verdict(), {"1;31"}, id="bold red when it is down"),
        pytest.param(verdict(verdict="up"), {"1;32"}, id="bold green when it is up again"),
        pytest.param(verdict(verdict="unknown"), {"1;2"}, id="faint when nobody knows"),
        pytest.param(incident(severity="partial"), {"1;33"}, id="bold yellow for a regional outage"),
        pytest.param(incident(change="resolved"), {"1;32"}, id="bold green when it is over"),
    ],
)
def test_colours(event: AnyEvent, codes: set[str]) -> None:
    shown = line(event, "Mail", COLOUR)
    assert set(re.findall(r"\033\[([0-9;]+)m", shown)) - {"0"} == codes
    assert shown.count("\033[0m") * 2 == shown.count("\033[")
    assert "\033" not in line(event, "Mail", PLAIN)


def test_moments_are_in_utc_whatever_zone_they_are_written_in() -> None:
    moment = datetime.fromisoformat("2026-03-01T23:59:58+09:00")
    assert moment.astimezone(UTC).hour == 14
    assert line(msgspec.structs.replace(RESULT, occurred_at=moment), "Mail", PLAIN).startswith("14:59:58Z")


def test_a_name_takes_as_many_cells_as_it_will_be_shown_with() -> None:
    assert [cells(name) for name in ("Mail", "日本", "a\x1bb")] == [4, 4, 3]
