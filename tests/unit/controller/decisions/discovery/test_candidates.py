"""Which servers are tried, in which order, and the reason of each."""

from __future__ import annotations

import pytest

from controller.decisions.discovery import candidates
from controller.decisions.discovery.candidates import SrvRecord, exchanger_domains, from_mx, from_name, from_port
from controller.decisions.discovery.services import MailService, named
from controller.decisions.discovery.typed_address import read_address
from controller.kinds import mail_services
from controller.model.discoveries import ServerCandidate
from shared.wire.targets import TlsMode

SERVICES = mail_services()


def service(name: str) -> MailService:
    found = named(SERVICES, name)
    assert found is not None
    return found


def shown(found: list[ServerCandidate]) -> list[tuple[str, str, int, str]]:
    return [(one.kind, one.host, one.port, one.tls.value) for one in found]


def test_srv_records_come_by_priority_and_then_by_weight_and_say_their_name() -> None:
    records = [SrvRecord(20, 0, 465, "c.example"), SrvRecord(0, 1, 465, "b.example"), SrvRecord(0, 9, 465, "a.example")]
    found = candidates.from_srv(service("submissions"), "example.org", records, "alice@example.org")
    assert [one.host for one in found] == ["a.example", "b.example", "c.example"]
    assert found[0].reasons == ["the SRV record _submissions._tcp.example.org says so (RFC 8314)"]
    assert found[0].user == "alice@example.org"


def test_a_srv_record_with_an_empty_target_names_no_server() -> None:
    assert candidates.from_srv(service("imap"), "example.org", [SrvRecord(0, 0, 0, "")], None) == []


def test_mail_for_a_domain_goes_to_its_first_exchanger_on_port_25_without_a_login() -> None:
    found = from_mx(SERVICES, "example.org", ["mx1.example.org", "mx2.example.org"])
    assert shown(found) == [("smtp", "mx1.example.org", 25, "opportunistic")]
    assert found[0].user is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtp.example.com:587", [("smtp", "smtp.example.com", 587, "required")]),
        ("smtp.example.com:465", [("smtp", "smtp.example.com", 465, "implicit")]),
        ("mail.example.com:25", [("smtp", "mail.example.com", 25, "opportunistic")]),
        ("mail.example.com:993", [("imap", "mail.example.com", 993, "implicit")]),
        ("mail.example.com:110", [("pop3", "mail.example.com", 110, "required")]),
        ("imaps://mail.example.com:9993", [("imap", "mail.example.com", 9993, "implicit")]),
        ("smtp://mail.example.com", [("smtp", "mail.example.com", 25, "opportunistic")]),
    ],
)
def test_a_usual_port_or_a_url_says_what_it_is(text: str, expected: list[tuple[str, str, int, str]]) -> None:
    typed = read_address(text, SERVICES)
    assert typed.port is not None
    assert shown(from_port(SERVICES, typed, typed.port)) == expected


def test_on_another_port_every_protocol_is_tried_in_both_ways() -> None:
    found = from_port(SERVICES, read_address("mail.example.com:2525", SERVICES), 2525)
    assert len(found) == len(set(shown(found))) == candidates.MOST
    assert {one.tls for one in found} == {TlsMode.IMPLICIT, TlsMode.OPPORTUNISTIC}
    assert "not a usual one" in found[0].reasons[0]


@pytest.mark.parametrize(
    ("host", "ports"),
    [
        ("smtp.example.com", [587, 465, 25]),
        ("imap2.example.com", [993, 143]),
        ("pop.example.com", [995, 110]),
        ("pop3.example.com", [995, 110]),
        ("mx-1.example.com", [25]),
        ("mail.example.com", [587, 465, 993, 25, 995, 143, 110]),
    ],
)
def test_the_name_of_a_host_says_what_it_may_serve(host: str, ports: list[int]) -> None:
    assert [one.port for one in from_name(SERVICES, host, None)] == ports


def test_each_server_comes_once_with_all_reasons_for_it() -> None:
    first = ServerCandidate(kind="imap", host="a.example", port=993, tls=TlsMode.IMPLICIT, reasons=["one"])
    second = ServerCandidate(kind="imap", host="a.example", port=993, tls=TlsMode.IMPLICIT, reasons=["two"], user="u")
    [found] = candidates.in_order(SERVICES, [first, second, first])
    assert found.reasons == ["one", "two"]
    assert found.user == "u"


def test_one_server_of_each_service_comes_before_a_second_one_and_six_are_the_most() -> None:
    found = [
        *candidates.from_srv(service("imaps"), "e.org", [SrvRecord(n, 0, 993, f"i{n}.e.org") for n in range(5)], None),
        *candidates.from_srv(service("submissions"), "e.org", [SrvRecord(0, 0, 465, "s.e.org")], None),
        *from_mx(SERVICES, "e.org", ["mx.e.org"]),
    ]
    ordered = [one.host for one in candidates.in_order(SERVICES, found)]
    assert ordered == ["s.e.org", "i0.e.org", "mx.e.org", "i1.e.org", "i2.e.org", "i3.e.org"]


def test_a_host_that_cannot_be_checked_is_left_out() -> None:
    bad = candidates.from_srv(service("imaps"), "e.org", [SrvRecord(0, 0, 993, "not a host")], None)
    assert candidates.in_order(SERVICES, bad) == []


@pytest.mark.parametrize(
    ("exchangers", "domains"),
    [
        (["aspmx.l.google.com"], ["google.com"]),
        (["mx.provider.co.uk"], ["provider.co.uk"]),
        (["mail.example.org"], []),
        (["192.0.2.1"], []),
        ([], []),
    ],
)
def test_who_runs_the_exchangers_is_known_by_their_domain(exchangers: list[str], domains: list[str]) -> None:
    assert exchanger_domains(exchangers, "example.org") == domains
