"""What differs between the last good check and another one."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import CheckRecord
from controller.pages.check.comparison import announced, differences, login_ways
from shared.wire.targets import KINDS
from tests.fakes import kinds
from tests.unit.controller.pages.checks import a_check

TLS = {
    "tlsVersion": "TLSv1.3",
    "certificateSubject": "CN=mx",
    "certificateNames": ["mx.example.com", "mail.example.com"],
}
BEFORE = ("S: 220 hi", "C: EHLO me", "S: 250-mx", "S: 250-SIZE 1000", "S: 250 STARTTLS")
UNDER_TLS = ("C: STARTTLS", "S: 220 go", "C: EHLO me", "S: 250-mx", "S: 250-SIZE 1000", "S: 250 AUTH PLAIN LOGIN")
GOOD = a_check(*BEFORE, *UNDER_TLS, facts={"greeting": "hi", "capabilities": ["AUTH", "SIZE"], **TLS})


def marks(good: CheckRecord, bad: CheckRecord) -> dict[str, str]:
    return {one.name: one.mark for one in differences(good, bad, KINDS[0])}


def changed(*lines: str, **facts: Any) -> CheckRecord:
    return a_check(*(lines or (*BEFORE, *UNDER_TLS)), facts={**GOOD.facts, **facts}, failed="closed@quit")


def test_equal_checks_differ_in_nothing() -> None:
    assert set(marks(GOOD, changed()).values()) == {"same"}


def test_what_differs_comes_first_with_what_is_gone_and_new() -> None:
    bad = changed(certificateNames=["mail.example.com", "new.example.com"], greeting="hi")
    first, *others = differences(GOOD, bad, KINDS[0])
    assert (first.name, first.mark) == ("Certificate's names", "differs")
    assert (first.gone, first.new) == (["mx.example.com"], ["new.example.com"])
    assert {one.mark for one in others} == {"same"}


def test_what_a_check_did_not_reach_is_no_difference() -> None:
    bad = a_check(failed="refused@connect", facts={"capabilities": []}, address=None)
    assert set(marks(GOOD, bad).values()) == {"not reached"}


def test_without_tls_only_what_was_announced_before_tls_is_compared() -> None:
    lines = ("S: 220 spare", "C: EHLO me", "S: 250-mx", "S: 250 SIZE 1000", "C: QUIT")
    bad = a_check(*lines, failed="starttls_missing@starttls", facts={"greeting": "spare", "capabilities": ["SIZE"]})
    found = {one.name: one for one in differences(GOOD, bad, KINDS[0])}
    assert "Capabilities" not in found
    assert (found["Capabilities before TLS"].gone, found["Capabilities before TLS"].new) == (["STARTTLS"], [])
    assert found["Banner"].mark == "differs"
    assert found["TLS version"].mark == "not reached"


def test_the_first_announcement_is_found_in_every_protocol() -> None:
    assert announced(GOOD) == ["SIZE", "STARTTLS"]
    greeted = a_check("S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi", "C: A1 STARTTLS")
    assert announced(greeted) == ["AUTH=PLAIN", "IMAP4REV1", "STARTTLS"]
    listed = a_check("S: * OK hi", "C: A1 CAPABILITY", "S: * CAPABILITY IMAP4rev1 IDLE", "S: A1 OK done")
    assert announced(listed) == ["IDLE", "IMAP4REV1"]
    pop3 = a_check("S: +OK hi", "C: CAPA", "S: +OK", "S: USER", "S: SASL PLAIN LOGIN", "S: .", "C: QUIT")
    assert announced(pop3) == ["SASL", "USER"]
    assert announced(a_check("S: 554 no")) == []


def test_the_ways_to_log_in_are_those_offered_last() -> None:
    assert login_ways(GOOD) == ["LOGIN", "PLAIN"]
    assert login_ways(a_check("S: 250-AUTH=LOGIN", "S: 250 AUTH CRAM-MD5")) == ["CRAM-MD5"]
    assert login_ways(a_check("S: * CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2")) == ["PLAIN", "XOAUTH2"]
    assert login_ways(a_check("S: SASL PLAIN CRAM-MD5")) == ["CRAM-MD5", "PLAIN"]
    assert login_ways(a_check("C: AUTH PLAIN ****")) == []


def test_of_a_kind_without_tls_and_login_only_its_own_facts_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)
    good = a_check("N: asks ns1", facts={"serial": 7}, address=None)
    bad = a_check("N: asks ns1", facts={"serial": 8}, address=None, failed="dns_not_found@resolve")
    assert [(one.name, one.mark) for one in differences(good, bad, "zone")] == [("Serial number", "differs")]
