"""What went wrong leads to a next step, and a button that does it."""

from __future__ import annotations

from typing import Any

import pytest

from controller.decisions.discovery.advice import NextStep, TryOutcome, next_steps
from controller.kinds import BY_NAME
from controller.model.trials import TriedServer
from controller.pages.trial.answers import known_kinds
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.targets import TlsMode

KNOWN = known_kinds()


def steps(
    kind: str,
    port: int,
    tls: str,
    failure: FailureKind | None,
    phase: Phase | None = None,
    *,
    host: str = "mail.example.org",
    source: FailureSource = FailureSource.TARGET,
    said: tuple[str, ...] = (),
    encrypted: bool = False,
    **facts: Any,
) -> list[NextStep]:
    server = TriedServer(host=host, port=port, tls=TlsMode(tls))
    found = None if failure is None else Failure(kind=failure, source=source, phase=phase)
    return next_steps(KNOWN, kind, server, TryOutcome(found, facts, encrypted, said))


@pytest.mark.parametrize(
    ("kind", "port", "tls", "failure", "phase", "said", "words", "fields"),
    [
        pytest.param(
            *("smtp", 25, "required", FailureKind.STARTTLS_MISSING, Phase.STARTTLS, ()),
            *("no STARTTLS on port 25. Did you mean port 587", {"port": "587", "tls": "required"}),
            id="no STARTTLS on 25: 587",
        ),
        pytest.param(
            *("imap", 143, "required", FailureKind.STARTTLS_MISSING, Phase.STARTTLS, ()),
            *("Did you mean port 993", {"port": "993", "tls": "implicit"}),
            id="no STARTTLS on 143: 993",
        ),
        pytest.param(
            *("smtp", 25, "opportunistic", None, None, ()),
            *("Nothing is encrypted", {"port": "587", "tls": "required"}),
            id="passed without encryption although it was hoped for",
        ),
        pytest.param(
            *("smtp", 587, "implicit", FailureKind.TLS_HANDSHAKE, Phase.TLS, ()),
            *("does not begin with TLS on port 587", {"tls": "required"}),
            id="TLS at once on 587: STARTTLS",
        ),
        pytest.param(
            *("imap", 143, "implicit", FailureKind.TLS_HANDSHAKE, Phase.TLS, ()),
            *("does not begin with TLS on port 143", {"tls": "required"}),
            id="TLS at once on 143: STARTTLS",
        ),
        pytest.param(
            *("smtp", 2525, "implicit", FailureKind.TIMEOUT, Phase.TLS, ()),
            *("does not begin with TLS on port 2525", {"tls": "required"}),
            id="TLS at once where the server waits for a greeting",
        ),
        pytest.param(
            *("smtp", 465, "required", FailureKind.TIMEOUT, Phase.GREETING, ()),
            *("wait for TLS", {"tls": "implicit"}),
            id="no greeting on 465: TLS at once",
        ),
        pytest.param(
            *("imap", 995, "none", FailureKind.CLOSED, Phase.GREETING, ()),
            *("Port 995 is usual for POP3", {"kind": "pop3", "port": "995", "tls": "implicit"}),
            id="no greeting on the port of another protocol",
        ),
        pytest.param(
            *("smtp", 2143, "none", FailureKind.GREETING_INVALID, Phase.GREETING, ("* OK Dovecot ready.",)),
            *("greets as an IMAP server", {"kind": "imap", "port": "2143", "tls": "none"}),
            id="the greeting of IMAP",
        ),
        pytest.param(
            *("imap", 110, "none", FailureKind.GREETING_INVALID, Phase.GREETING, ("+OK ready",)),
            *("greets as a POP3 server", {"kind": "pop3", "port": "110", "tls": "none"}),
            id="the greeting of POP3",
        ),
        pytest.param(
            *("pop3", 25, "none", FailureKind.GREETING_INVALID, Phase.GREETING, ("220 mx ESMTP",)),
            *("greets as an SMTP server", {"kind": "smtp", "port": "25", "tls": "none"}),
            id="the greeting of SMTP",
        ),
        pytest.param(
            *("smtp", 25, "required", FailureKind.TIMEOUT, Phase.CONNECT, ()),
            *("Did you mean port 587", {"port": "587", "tls": "required"}),
            id="no connection to 25",
        ),
        pytest.param(
            *("smtp", 587, "none", FailureKind.LOGIN_MECHANISM_MISSING, Phase.AUTH, ()),
            *("only after TLS", {"tls": "required"}),
            id="no login in clear",
        ),
    ],
)
def test_a_failure_leads_to_a_step_with_a_button(
    kind: str,
    port: int,
    tls: str,
    failure: FailureKind | None,
    phase: Phase | None,
    said: tuple[str, ...],
    words: str,
    fields: dict[str, str],
) -> None:
    found = steps(kind, port, tls, failure, phase, said=said)
    [step] = [one for one in found if words in one.text]
    assert step.fields == fields
    assert step.button.startswith(("Use ", "Require "))


def test_a_server_without_starttls_may_also_be_checked_without_encryption() -> None:
    found = steps("smtp", 25, "required", FailureKind.STARTTLS_MISSING, Phase.STARTTLS)
    assert found[-1].fields == {"tls": "none"}
    assert found[-1].button == "Use it without encryption"


def test_no_connection_to_port_25_may_be_the_location_s_own_network() -> None:
    found = steps("smtp", 25, "none", FailureKind.TIMEOUT, Phase.CONNECT)
    assert "the network of this location blocks it" in found[0].text


def test_another_name_in_the_certificate_is_proposed_as_the_host() -> None:
    found = steps(
        *("smtp", 465, "implicit", FailureKind.CERTIFICATE_WRONG_HOST, Phase.TLS),
        certificateNames=["*.example.net", "mx.example.net"],
    )
    assert [(one.button, one.fields) for one in found] == [("Use mx.example.net", {"host": "mx.example.net"})]


@pytest.mark.parametrize("kind", [name for name, kind in BY_NAME.items() if kind.form is not None])
def test_a_certificate_of_an_own_authority_is_allowed_where_the_form_of_the_kind_says(kind: str) -> None:
    form = BY_NAME[kind].form
    assert form is not None
    [group] = [one for one in form.groups if any(each.name == "verify_certificate" for each in one.fields)]
    [label] = [each.label for each in group.fields if each.name == "verify_certificate"]
    [step] = steps(kind, 465, "implicit", FailureKind.CERTIFICATE_UNTRUSTED, Phase.TLS)
    assert f"“{group.legend}”" in step.text
    assert f"“{label}”" in step.text


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("smtp.gmail.com", "Google takes no ordinary password"),
        ("imap.mail.yahoo.com", "Yahoo takes no ordinary password"),
        ("imap.mail.me.com", "Apple takes no ordinary password"),
        ("outlook.office365.com", "Microsoft 365 takes no passwords"),
        ("notgmail.com", "often the whole e-mail address"),
    ],
)
def test_a_refused_login_is_explained_by_who_runs_the_server(host: str, words: str) -> None:
    [step] = steps("imap", 993, "implicit", FailureKind.LOGIN_REFUSED, Phase.AUTH, host=host)
    assert words in step.text


def test_an_unknown_host_leads_to_the_search() -> None:
    [step] = steps("smtp", 25, "none", FailureKind.DNS_NOT_FOUND, Phase.RESOLVE, host="smpt.example.org")
    assert step.find == "example.org"


@pytest.mark.parametrize(
    ("failure", "phase", "source"),
    [
        (FailureKind.TIMEOUT, Phase.CONNECT, FailureSource.AGENT),
        (FailureKind.DNS_ERROR, Phase.RESOLVE, FailureSource.RESOLVER),
        (FailureKind.CERTIFICATE_EXPIRED, Phase.TLS, FailureSource.TARGET),
    ],
)
def test_where_the_form_cannot_help_there_is_no_step(failure: FailureKind, phase: Phase, source: FailureSource) -> None:
    assert steps("smtp", 465, "implicit", failure, phase, source=source) == []


def test_what_passed_over_tls_needs_no_step() -> None:
    assert steps("smtp", 25, "opportunistic", None, encrypted=True) == []
    assert steps("smtp", 25, "none", None) == []
