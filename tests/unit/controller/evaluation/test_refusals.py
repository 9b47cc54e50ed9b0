"""Servers say in many words that one client connects too often, and in others that they are busy with everybody."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.refusals import is_by_rate
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase


def refused(detail: str, kind: FailureKind = FailureKind.TEMPORARY_REFUSAL) -> Failure:
    return Failure(kind=kind, source=FailureSource.TARGET, phase=Phase.GREETING, detail=detail)


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param("421 4.7.0 mx.test Error: too many connections from 192.0.2.1", id="Postfix, connections"),
        pytest.param("421 4.7.0 mx.test Error: too many AUTH commands from 192.0.2.1", id="Postfix, logins"),
        pytest.param("421 4.7.0 mx.test Error: too many new TLS sessions from 192.0.2.1", id="Postfix, TLS"),
        pytest.param("450 4.7.1 Error: too much mail from 192.0.2.1", id="Postfix, mail"),
        pytest.param(
            "421 Too many concurrent SMTP connections from this IP address; please try again later.", id="Exim"
        ),
        pytest.param("421 4.3.2 Connection rate limit exceeded.", id="Sendmail, rate"),
        pytest.param("421 4.3.2 Too many open connections.", id="Sendmail, connections"),
        pytest.param("NO [LIMIT] Maximum number of connections from user+IP exceeded", id="Dovecot"),
        pytest.param("* BYE Maximum connection limit reached for ::ffff:192.0.2.1", id="Courier"),
        pytest.param("* BYE Too many open connections from 192.0.2.1", id="Cyrus"),
    ],
)
@pytest.mark.parametrize("kind", [FailureKind.TEMPORARY_REFUSAL, FailureKind.POLICY_REFUSAL])
def test_a_refusal_for_our_rate_is_known_by_its_words(detail: str, kind: FailureKind) -> None:
    assert is_by_rate(refused(detail, kind))


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(refused("421 4.3.2 All server ports are busy"), id="Postfix is busy"),
        pytest.param(refused("421 Too many concurrent SMTP connections; please try again later."), id="Exim is busy"),
        pytest.param(
            refused("421 4.3.2 The maximum number of concurrent server connections has exceeded a limit"),
            id="Exchange is busy",
        ),
        pytest.param(refused("450 4.2.0 Greylisted, see http://postgrey.example/help/mx.test"), id="greylisting"),
        pytest.param(refused(""), id="no words"),
        pytest.param(refused("too many connections from 192.0.2.1", FailureKind.TIMEOUT), id="no refusal"),
        pytest.param(None, id="no failure"),
    ],
)
def test_other_failures_are_not_our_doing(failure: Failure | None) -> None:
    assert not is_by_rate(failure)
