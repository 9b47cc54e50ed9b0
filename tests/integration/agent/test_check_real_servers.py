"""`mailprobe-agent check` against Postfix and Dovecot: its table for each protocol and TLS mode, with a login."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.certificates import HOST, Certificates
from tests.fakes.dovecot import FULL, MESSAGES, PASSWORD, Dovecot
from tests.fakes.postfix import HOST_NAME, Postfix
from tests.integration.agent.running_agent import plain_environment

IN_CLEAR, OFFERED = "login unencrypted", "login offered unencrypted"
SMTP, IMAP, POP3 = (
    {"greeting": f"{HOST_NAME} ESMTP", "login mechanism": "CRAM-MD5"},
    {"greeting": "Dovecot (Debian) ready.", "login mechanism": "CRAM-MD5", "messages": str(MESSAGES)},
    {"login mechanism": "APOP", "messages": str(MESSAGES)},
)


class Table(NamedTuple):
    """What the command prints, without its figures: the verdict, the phases, the facts, the problems."""

    verdict: str
    phases: list[str]
    facts: dict[str, str]
    problems: list[str]


class Row(NamedTuple):
    arguments: str
    port: Callable[[Postfix, Dovecot], int]
    status: int
    verdict: str
    phases: str
    warnings: list[str]
    facts: dict[str, str]


def smtp(postfix: Postfix, _: Dovecot) -> int:
    return postfix.port


def smtps(postfix: Postfix, _: Dovecot) -> int:
    return postfix.tls_port


def imap(_: Postfix, dovecot: Dovecot) -> int:
    return dovecot.imap_port


def imaps(_: Postfix, dovecot: Dovecot) -> int:
    return dovecot.imaps_port


def pop3(_: Postfix, dovecot: Dovecot) -> int:
    return dovecot.pop3_port


def pop3s(_: Postfix, dovecot: Dovecot) -> int:
    return dovecot.pop3s_port


SMTP_TLS = "resolve connect greeting ehlo starttls tls ehlo auth quit"
IMAP_TLS = "resolve connect greeting starttls tls capabilities auth mailbox quit"
POP3_TLS = "resolve connect greeting capabilities starttls tls capabilities auth mailbox quit"

ROWS: dict[str, Row] = {
    "SMTP in clear": Row(
        "smtp --starttls never", smtp, 1, "degraded", "resolve connect greeting ehlo auth quit", [IN_CLEAR], SMTP
    ),
    "SMTP as it comes": Row("smtp", smtp, 1, "degraded", SMTP_TLS, [OFFERED], SMTP),
    "SMTP with STARTTLS": Row("smtp --starttls required", smtp, 1, "degraded", SMTP_TLS, [OFFERED], SMTP),
    "SMTP under TLS": Row("smtps", smtps, 0, "up", "resolve connect tls greeting ehlo auth quit", [], SMTP),
    "IMAP in clear": Row(
        "imap --starttls never", imap, 1, "degraded", "resolve connect greeting auth mailbox quit", [IN_CLEAR], IMAP
    ),
    "IMAP as it comes": Row(
        "imap", imap, 1, "degraded", "resolve connect greeting auth mailbox quit", [IN_CLEAR], IMAP
    ),
    "IMAP with STARTTLS": Row("imap --starttls required", imap, 1, "degraded", IMAP_TLS, [OFFERED], IMAP),
    "IMAP under TLS": Row("imaps", imaps, 0, "up", "resolve connect tls greeting auth mailbox quit", [], IMAP),
    "POP3 in clear": Row(
        "pop3 --starttls never",
        pop3,
        1,
        "degraded",
        "resolve connect greeting capabilities auth mailbox quit",
        [IN_CLEAR],
        POP3,
    ),
    "POP3 as it comes": Row(
        "pop3",
        pop3,
        1,
        "degraded",
        "resolve connect greeting capabilities auth mailbox quit",
        [IN_CLEAR],
        POP3,
    ),
    "POP3 with STLS": Row("pop3 --starttls required", pop3, 1, "degraded", POP3_TLS, [OFFERED], POP3),
    "POP3 under TLS": Row(
        "pop3s", pop3s, 0, "up", "resolve connect tls greeting capabilities auth mailbox quit", [], POP3
    ),
}


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS.items()])
async def test_the_table_of_a_login(
    row: Row, postfix: Postfix, dovecot: Dovecot, certificates: Certificates, tmp_path: Path
) -> None:
    status, table = await _check(row, PASSWORD, postfix, dovecot, certificates, tmp_path)
    assert (status, table.verdict, " ".join(table.phases)) == (row.status, row.verdict, row.phases)
    assert [problem.partition(":")[0] for problem in table.problems] == [f"warning {kind}" for kind in row.warnings]
    assert {name: table.facts.get(name) for name in row.facts} == row.facts
    about_tls = {"tls version": "TLSv1.3", "certificate valid": "yes"} if "tls" in table.phases else {}
    assert {
        name: fact for name, fact in table.facts.items() if name in ("tls version", "certificate valid")
    } == about_tls


@pytest.mark.parametrize("name", ["SMTP under TLS", "IMAP with STARTTLS", "POP3 under TLS"])
async def test_the_table_of_a_wrong_password(
    name: str, postfix: Postfix, dovecot: Dovecot, certificates: Certificates, tmp_path: Path
) -> None:
    row = ROWS[name]
    status, table = await _check(row, "wonderlnd-4711", postfix, dovecot, certificates, tmp_path)
    assert (status, table.verdict) == (2, "down")
    assert " ".join(table.phases) == row.phases.partition(" auth")[0] + " auth"
    assert table.problems[-1].startswith("failure login refused in phase auth, by fault of the mail server: ")
    assert table.facts["tls version"] == "TLSv1.3"


async def _check(
    row: Row, password: str, postfix: Postfix, dovecot: Dovecot, certificates: Certificates, folder: Path
) -> tuple[int | None, Table]:
    authority, _, _ = certificates.write(folder)
    scheme, *options = row.arguments.split()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent", "check", *options, "--ca-file", str(authority)),
        f"{scheme}://{FULL}@{HOST}:{row.port(postfix, dovecot)}",
        env=plain_environment() | {"MAILPROBE_EHLO_NAME": "probe.test", "MAILPROBE_PASSWORD": password},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (err, password in out.decode()) == (b"", False)
    return process.returncode, _table(out.decode())


def _table(report: str) -> Table:
    """The blocks of a report: a line of verdict, the phases with their bars, the facts, warnings and failure."""
    first, bars, about, *rest = report.rstrip("\n").split("\n\n")
    verdict = re.fullmatch(r"\S+ at 127\.0\.0\.1: (.+) in [0-9.]+ ms", first)
    assert verdict, first
    phases = [re.fullmatch(r"  (\w+) +[0-9]+\.[0-9] ms +█+", line) for line in bars.splitlines()]
    facts = re.findall(r"^  (\S.*?) {2,}(.*)$", about, re.MULTILINE)  # only the first line of a long fact
    problems = [" ".join(line.split()) for block in rest for line in block.splitlines()]
    assert all(phases), bars
    return Table(verdict[1], [phase[1] for phase in phases if phase], dict(facts), problems)
