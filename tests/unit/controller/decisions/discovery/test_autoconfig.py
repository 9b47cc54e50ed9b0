"""Autoconfig files are read as Thunderbird reads them, and files made to harm are refused."""

from __future__ import annotations

import pytest

from controller.decisions.discovery.autoconfig import from_autoconfig, list_url, own_urls, servers_of
from controller.kinds import mail_services

FILE = b"""<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.org">
    <domain>example.org</domain>
    <incomingServer type="imap">
      <hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType>
      <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
    </incomingServer>
    <incomingServer type="pop3">
      <hostname>pop.example.org</hostname><port>110</port><socketType>STARTTLS</socketType>
      <username>%EMAILLOCALPART%</username>
    </incomingServer>
    <incomingServer type="exchange"><hostname>ex.example.org</hostname><port>443</port></incomingServer>
    <outgoingServer type="smtp">
      <hostname>smtp.example.org</hostname><port>25</port><socketType>plain</socketType>
    </outgoingServer>
    <outgoingServer type="smtp"><hostname>broken host</hostname><port>587</port><socketType>SSL</socketType>
    </outgoingServer>
    <outgoingServer type="smtp"><hostname>x.example.org</hostname><port>0</port><socketType>SSL</socketType>
    </outgoingServer>
  </emailProvider>
</clientConfig>
"""
MAIL = "alice@example.org"


def found(document: bytes, mail: str | None = MAIL) -> list[tuple[str, str, int, str, str | None]]:
    servers = servers_of(document, "example.org", mail)
    read = from_autoconfig(mail_services(), servers, "it says so", mail)
    return [(one.kind, one.host, one.port, one.tls.value, one.user) for one in read]


def test_its_servers_are_read_with_the_placeholders_filled_in() -> None:
    assert found(FILE) == [
        ("imap", "imap.example.org", 993, "implicit", MAIL),
        ("pop3", "pop.example.org", 110, "required", "alice"),
        ("smtp", "smtp.example.org", 25, "none", MAIL),
    ]


def test_without_an_e_mail_address_nobody_logs_in() -> None:
    assert {user for *_, user in found(FILE, None)} == {None}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"<html><body><p>Not found", "not XML"),
        (b"", "not XML"),
        (b'<?xml version="1.0" encoding="unheard-of"?><a/>', "not XML"),
        (b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>', "declares"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "declares"),
        (b"<a>" * 50 + b"</a>" * 50, "too deep"),
        (b"<a>" + b'<incomingServer type="imap"/>' * 50 + b"</a>", "too many"),
    ],
)
def test_what_is_no_autoconfig_is_refused(document: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        servers_of(document, "example.org", MAIL)


def test_another_xml_document_names_no_server() -> None:
    assert found(b"<rss><channel><title>News</title></channel></rss>") == []


def test_only_the_domain_itself_learns_the_e_mail_address() -> None:
    assert own_urls("example.org", "a+b@example.org")[0].endswith("?emailaddress=a%2Bb@example.org")
    assert list_url("example.org") == "https://autoconfig.thunderbird.net/v1.1/example.org"
