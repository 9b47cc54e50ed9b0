"""A row about a real server: a target, the server's port that it stands for, and the expected result of the check."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, TypeAlias

from shared.wire.targets import Target
from tests.fakes.certificates import HOST, Certificates
from tests.fakes.dovecot import EMPTY, FULL, MESSAGES, PASSWORD, Dovecot, start_dovecot
from tests.fakes.postfix import Postfix
from tests.probes.scripted.case import Expected, passes

RIGHT, WRONG, EMPTY_LOGIN = (FULL, PASSWORD), (FULL, "wonderlnd"), (EMPTY, PASSWORD)
FULL_MAILBOX, EMPTY_MAILBOX = {"messages": MESSAGES}, {"messages": 0}
OFFERED = passes("login_offered_unencrypted")


class Servers:
    """The servers of a run. A Dovecot with other mechanisms is started when a row first needs it."""

    def __init__(self, postfix: Postfix, dovecot: Dovecot, certificates: Certificates, stack: ExitStack) -> None:
        self.postfix = postfix
        self.dovecot = dovecot
        self._certificates = certificates
        self._stack = stack
        self._others: dict[tuple[str, ...], Dovecot] = {}

    def offering(self, *mechanisms: str, scheme: str = "PLAIN") -> Dovecot:
        key = (*mechanisms, scheme)
        if key not in self._others:
            starting = start_dovecot(certificates=self._certificates, mechanisms=mechanisms, scheme=scheme)
            self._others[key] = self._stack.enter_context(starting)
        return self._others[key]


Port: TypeAlias = Callable[[Servers], int]


class Row(NamedTuple):
    """A target, whose port `port` finds, with the expected result, phases and facts of its check."""

    target: Target
    port: Port
    expected: Expected
    phases: str
    facts: dict[str, Any]
    login: tuple[str, str] | None


def row(
    kind: type[Target],
    port: Port,
    expected: Expected,
    phases: str,
    *,
    login: tuple[str, str] | None = None,
    facts: dict[str, Any] | None = None,
    host: str = HOST,
    **target: Any,
) -> Row:
    return Row(kind(host=host, port=0, **target), port, expected, "resolve connect " + phases, facts or {}, login)


def dovecot(name: str, *mechanisms: str, scheme: str = "PLAIN") -> Port:
    """The port with that name of the default Dovecot, or of one that offers these mechanisms only."""

    def port(servers: Servers) -> int:
        server = servers.offering(*mechanisms, scheme=scheme) if mechanisms else servers.dovecot
        found: int = getattr(server, name)
        return found

    return port


def logged_in_by(mechanism: str) -> dict[str, str]:
    return {"loginMechanism": mechanism}
