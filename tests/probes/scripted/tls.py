"""Servers whose certificate, ciphers or wish for a client certificate are unusual. The same for every probe."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import HOST
from tests.fakes.scripted_server import Tls
from tests.probes.scripted.case import Case, Expected, case, fails, passes
from tests.probes.scripted.smtp import BYE, OPEN

_check = partial(case, SmtpTarget, tls=TlsMode.IMPLICIT, host=HOST)


def _up(kind: str, expected: Expected) -> Case:
    """A server that serves under TLS."""
    return _check((Tls(kind), *OPEN, *BYE), expected, login=None)


CASES: dict[str, Case] = {
    "a missing intermediate certificate is not trusted": _check(
        (Tls("missing intermediate"), "C: QUIT"), fails("certificate_untrusted@tls")
    ),
    "a certificate signed with SHA-1 passes with a warning": _up("SHA-1", passes("certificate_weak")),
    "a key of 1024 bits passes with a warning": _up("1024 bits", passes("certificate_weak")),
    "a cipher without forward secrecy passes with a warning": _up("no forward secrecy", passes("tls_weak")),
    "a client certificate that is only requested is not needed": _up("client certificate requested", passes()),
}
