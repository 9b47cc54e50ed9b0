"""What somebody types is read as people write it, and a mistake is named."""

from __future__ import annotations

import pytest

from controller.decisions.discovery.typed_address import TypedAddress, read_address
from controller.errors import InvalidError
from controller.kinds import mail_services

SERVICES = mail_services()


def read(text: str) -> TypedAddress:
    return read_address(text, SERVICES)


@pytest.mark.parametrize(
    ("text", "host", "port", "service", "user"),
    [
        (" alice@Example.org ", "example.org", None, None, "alice@example.org"),
        ("mailto:alice@example.org?subject=x", "example.org", None, None, "alice@example.org"),
        ("alice@bücher.example", "xn--bcher-kva.example", None, None, "alice@xn--bcher-kva.example"),
        ("alice@mail.example.org:143", "mail.example.org", 143, None, "alice@mail.example.org"),
        ("smtp.example.com:587", "smtp.example.com", 587, None, None),
        ("smtp.example.com.", "smtp.example.com", None, None, None),
        ("<smtp.example.com>", "smtp.example.com", None, None, None),
        ("192.0.2.25", "192.0.2.25", None, None, None),
        ("2001:db8::25", "2001:db8::25", None, None, None),
        ("[2001:DB8::25]:25", "2001:db8::25", 25, None, None),
        ("smtp://mail.example.com", "mail.example.com", 25, "smtp", None),
        ("SMTPS://mail.example.com", "mail.example.com", 465, "smtps", None),
        ("submission://mail.example.com/", "mail.example.com", 587, "submission", None),
        ("submissions://mail.example.com:8465", "mail.example.com", 8465, "submissions", None),
        ("imap://mail.example.com", "mail.example.com", 143, "imap", None),
        ("imaps://alice%40example.org@mail.example.com", "mail.example.com", 993, "imaps", "alice@example.org"),
        ("imaps://alice@example.org@mail.example.com", "mail.example.com", 993, "imaps", "alice@example.org"),
        ("pop3s://[2001:db8::1]:1995/INBOX", "2001:db8::1", 1995, "pop3s", None),
        ("pop3://mail.example.com", "mail.example.com", 110, "pop3", None),
        ("https://webmail.example.com:8443/owa/?x=1", "webmail.example.com", None, None, None),
    ],
)
def test_it_is_read(text: str, host: str, port: int | None, service: str | None, user: str | None) -> None:
    found = read(text)
    assert (found.host, found.port, found.service and found.service.name, found.user) == (host, port, service, user)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be an e-mail address"),
        ("two words", "must be an e-mail address"),
        ("alice@", "must be an e-mail address"),
        ("@example.org", "must be an e-mail address"),
        ("a\nb", "must be an e-mail address"),
        ("x" * 321, "must be an e-mail address"),
        ("alice@exa_mple..org", "does not name a valid host: “exa_mple..org”"),
        ("example.org:0", "port from 1 to 65535"),
        ("example.org:smtp", "port from 1 to 65535"),
        ("imaps://example.org:99999", "port from 1 to 65535"),
        ("ftp://example.org", "not with ftp://"),
        ("imaps://alice:geheim@example.org", "must hold no password"),
        ("alice:geheim@example.org", "must hold no password"),
        ("[2001:db8::1", "must be an e-mail address"),
        ("1.2.3", "does not name a valid host"),
    ],
)
def test_a_mistake_is_named_and_no_password_is_repeated(text: str, words: str) -> None:
    with pytest.raises(InvalidError, match="address") as refused:
        read(text)
    assert words in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("alice@example.org", "example.org"),
        ("example.org", "example.org"),
        ("example.org:25", None),
        ("imaps://example.org", None),
        ("192.0.2.1", None),
        ("localhost", None),
    ],
)
def test_only_a_name_without_a_port_is_a_domain_whose_records_count(text: str, domain: str | None) -> None:
    assert read(text).domain == domain
