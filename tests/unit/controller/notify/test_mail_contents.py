"""What messages about an incident say: its cause, votes, phases and what to do."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import LocationFinding, Notice
from controller.notify.rendering.causes import CAUSES, cause_text
from shared.wire.failures import FailureKind
from tests.fakes.notices import FAILING, a_finding, a_group_notice, a_notice, members

DASH = "\N{EN DASH}"
LINKS = PublicUrl("https://probe.example.com")
ACK = "https://probe.example.com/ack/0123456789abcdefghijkl"
HERE = a_finding("fr-par")
BLIND = LocationFinding(location="br", country="BR", finding="could not check", failure="agent_error", ballot="blind")
SHARED = [*FAILING[:2], HERE, BLIND]


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        pytest.param(FAILING[:2], "connection refused from 2 of 2 locations", id="one failure everywhere"),
        pytest.param(FAILING, "connection refused or timeout from 3 of 3 locations", id="two failures"),
        pytest.param(
            [*FAILING, a_finding("nl", "reset", "reset")],
            "connection refused and others from 4 of 4 locations",
            id="many failures",
        ),
        pytest.param(SHARED, "connection refused from 2 of 3 locations", id="a blind location does not vote"),
        pytest.param(FAILING[:1], "connection refused from de-nbg", id="the only location is named"),
        pytest.param([*FAILING[:1], BLIND], "connection refused from de-nbg", id="the only one that votes is named"),
        pytest.param([HERE, BLIND], "", id="nothing fails"),
        pytest.param([], "", id="no evidence"),
    ],
)
def test_the_cause_is_what_the_voting_locations_met(evidence: list[LocationFinding], cause: str) -> None:
    assert cause_text(evidence) == cause


def test_every_failure_has_a_cause_that_fits_in_a_subject() -> None:
    assert set(CAUSES) == set(FailureKind)
    assert max(map(len, CAUSES.values())) <= 30


def test_the_subject_has_state_name_and_cause() -> None:
    subject = render(a_notice(evidence=FAILING[:2]), LINKS).subject
    assert subject == f"Down: Office mail {DASH} connection refused from 2 of 2 locations"
    assert (
        render(a_notice("resolved", evidence=[HERE]), LINKS).subject == f"Up again: Office mail {DASH} after 1 h 5 min"
    )


def test_a_whole_mail_in_plain_text() -> None:
    notice = a_notice(
        evidence=SHARED, reason="2 of 3 countries cannot connect: refused; FR passes; BR could not check it"
    )
    assert render(notice, LINKS, ["this address is checked here"], ack_link=ACK).text == (
        "Down: Office mail\n"
        "connection refused from 2 of 3 locations\n\n"
        "The outage is confirmed from the locations below.\n\n"
        "Take it: https://probe.example.com/ack/0123456789abcdefghijkl\n\n"
        "Open the incident: https://probe.example.com/incidents/00000000-0000-0000-0000-000000000007\n\n"
        "Monitor:   Office mail\n"
        "Server:    smtp mx.example.com:25\n"
        "Customer:  Bäckerei\n"
        "Reason:    2 of 3 countries cannot connect: refused; FR passes; BR could not\n"
        "           check it\n"
        "Began:     2026-03-01 12:00:00 CET (UTC+01:00)\n"
        "Confirmed: 2026-03-01 12:00:30 CET (UTC+01:00)\n"
        "Incident:  00000000-0000-0000-0000-000000000007\n\n"
        "What each location saw:\n"
        "  DE (de-nbg): refused (connect): Connection refused (25 ms)\n"
        "  US (us-ash): refused (connect): Connection refused (126 ms)\n"
        "  FR (fr-par): passes (146 ms)\n"
        "  BR (br): could not check\n\n"
        "How long each phase took, in ms:\n"
        "               de-nbg      us-ash  fr-par\n"
        "  resolve           3          16       3\n"
        "  connect   failed 22  failed 110      21\n"
        "  greeting          -           -      34\n"
        "  ehlo              -           -      19\n"
        "  starttls          -           -      20\n"
        "  tls               -           -      49\n\n"
        "What to do:\n"
        "  Refused: Check that the service runs, its port, and the firewall.\n"
        "  https://probe.example.com/help/refused\n\n"
        "Note: this address is checked here.\n"
    )


def test_only_a_few_locations_are_compared_and_one_of_them_passes() -> None:
    evidence = [*FAILING, a_finding("nl-ams", "refused", "refused"), HERE, a_finding("se-sto")]
    text = render(a_notice(evidence=evidence), LINKS).text
    assert re.search(r"\n +de-nbg +us-ash +jp-tyo +fr-par\n", text)
    assert "\n  and 2 more locations\n" in text
    assert text.count("nl-ams") == 1


def test_a_phase_that_occurs_twice_has_two_rows() -> None:
    phases = [*HERE.phases, msgspec.structs.replace(HERE.phases[3], duration_ms=7_000.0, failed=True)]
    found = msgspec.structs.replace(HERE, phases=phases, ballot="failed", failure="timeout")
    text = render(a_notice(evidence=[found]), LINKS).text
    assert re.search(r"\n  ehlo +19\n", text)
    assert re.search(r"\n  ehlo, again +failed 7,000\n", text)


def test_the_fault_of_an_agent_leads_to_no_help_for_the_server() -> None:
    assert "agent-error" not in render(a_notice(evidence=SHARED), LINKS).text


def test_an_outage_that_is_over_can_no_longer_be_taken() -> None:
    for notice in (a_notice("resolved"), a_group_notice(3, members(3, "resolved"), over=True, still_open=0)):
        message = render(notice, LINKS, ack_link=ACK)
        assert message.ack_link is None
        assert "/ack/" not in message.text + message.html


def test_a_notice_of_an_earlier_version_has_neither_votes_nor_phases() -> None:
    stored: dict[str, Any] = msgspec.to_builtins(a_notice(evidence=FAILING))
    for finding in stored["evidence"]:
        del finding["ballot"], finding["totalMs"], finding["phases"]
    message = render(msgspec.convert(stored, Notice), LINKS)
    assert message.subject == f"Down: Office mail {DASH} connection refused or timeout from 3 of 3 locations"
    assert "  DE (de-nbg): refused (connect): Connection refused\n" in message.text
    assert "How long" not in message.text + message.html


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"dependents": 3}, "nobody is notified of the 3 monitors that depend on it.", id="several"),
        pytest.param({"dependents": 1}, "nobody is notified of the only monitor that depends on it.", id="one"),
        pytest.param({}, "", id="none depends on it"),
        pytest.param({"severity": "partial", "dependents": 3}, "", id="a regional outage holds nothing back"),
        pytest.param({"change": "resolved", "dependents": 3}, "", id="nobody is held back after the end"),
    ],
)
def test_an_outage_says_of_how_many_others_nobody_is_notified(fields: dict[str, Any], words: str) -> None:
    text = " ".join(render(a_notice(**fields), PublicUrl()).text.split())
    assert words in text
    assert ("nobody is notified" in text) is bool(words)
