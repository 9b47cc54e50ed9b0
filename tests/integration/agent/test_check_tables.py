"""The table of `mailprobe-agent check` against Postfix and Dovecot where nobody logs in, and where TLS fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.certificates import HOST, Certificates
from tests.fakes.dovecot import Dovecot
from tests.fakes.postfix import Postfix
from tests.integration.agent.test_check import check, write_roots

CERTIFICATE = (
    *("certificate valid", "certificate subject", "certificate issuer", "certificate names", "certificate serial"),
    *("certificate sha256", "certificate not before", "certificate not after", "certificate chain valid"),
    *("certificate name valid", "certificate days left"),
)
TLS = frozenset({"tls version", "tls cipher", *CERTIFICATE})


@pytest.fixture
def ports(postfix: Postfix, dovecot: Dovecot) -> dict[str, int]:
    """The ports of the servers, by the scheme of a URL."""
    return {
        "smtp": postfix.port,
        "smtps": postfix.tls_port,
        "imap": dovecot.imap_port,
        "imaps": dovecot.imaps_port,
        "pop3": dovecot.pop3_port,
        "pop3s": dovecot.pop3s_port,
    }


class Table(NamedTuple):
    """What a report says, without figures."""

    verdict: str
    phases: str
    facts: frozenset[str]
    problems: list[str]


def table_of(report: str) -> Table:
    head, *blocks = report.strip().split("\n\n")
    verdict = re.fullmatch(r"\w+://\S+ at \S+: ([\w ]+) in \d+\.\d ms", head)
    assert verdict, head
    bars = [re.fullmatch(r"  (\w+) +\d+\.\d ms  ( *█+)", line) for line in blocks[0].splitlines()]
    assert all(bars), blocks[0]
    facts = {found[1] for line in blocks[1].splitlines() if (found := re.match(r"  ([a-z0-9 ]+?)  +\S", line))}
    problems = [line.strip() for block in blocks[2:] for line in block.splitlines()]
    return Table(verdict[1], " ".join(bar[1] for bar in bars if bar), frozenset(facts), problems)


@pytest.mark.parametrize(
    ("scheme", "starttls", "phases"),
    [
        ("smtp", "never", "greeting ehlo quit"),
        ("smtp", "opportunistic", "greeting ehlo starttls tls ehlo quit"),
        ("smtps", None, "tls greeting ehlo quit"),
        ("imap", "never", "greeting quit"),
        ("imap", "opportunistic", "greeting starttls tls capabilities quit"),
        ("imaps", None, "tls greeting quit"),
        ("pop3", "never", "greeting capabilities quit"),
        ("pop3", "opportunistic", "greeting capabilities starttls tls capabilities quit"),
        ("pop3s", None, "tls greeting capabilities quit"),
    ],
)
async def test_a_server_that_is_up(
    ports: dict[str, int], certificates: Certificates, tmp_path: Path, scheme: str, starttls: str | None, phases: str
) -> None:
    options = ["--starttls", starttls] if starttls else []
    roots = write_roots(certificates, tmp_path / "ca.pem")
    done = await check(f"{scheme}://{HOST}:{ports[scheme]}", "--ca-file", roots, *options)
    table = table_of(done.out)
    assert (done.status, table.verdict, table.phases) == (0, "up", f"resolve connect {phases}")
    assert (table.facts >= TLS) == ("tls" in phases.split())
    assert table.problems == []


@pytest.mark.parametrize("scheme", ["smtps", "imaps", "pop3s"])
async def test_a_certificate_of_an_unknown_issuer(ports: dict[str, int], scheme: str) -> None:
    done = await check(f"{scheme}://{HOST}:{ports[scheme]}")
    table = table_of(done.out)
    assert (done.status, table.verdict, table.phases) == (2, "down", "resolve connect tls")
    assert "certificate problem" in table.facts
    [line] = table.problems
    assert line.startswith("failure  certificate untrusted in phase tls, by fault of the mail server: no chain to")
