"""TLS for checks: one cheap context that accepts every certificate, and our own verdict about it afterwards.

With verification inside the handshake a failed one would show no certificate, and loading the system's roots per
connection costs more than everything else of a check (CA-less context: see README, Decisions).
"""

from __future__ import annotations

import ssl
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509

from agent.net.certificate import UNREADABLE
from agent.net.certificate_checks import Examination, examine
from agent.net.chain import Roots

_DER = 2  # _ssl.ENCODING_DER
_PLACES = ("/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_PEM_END = b"-----END CERTIFICATE-----"
MOST_KEPT = 2048
"""Verdicts an agent remembers."""


class NoRootsError(Exception):
    """This machine has no trusted certificates, or a file of them cannot be read: our fault, told before any check."""


class Trust:
    """The roots an agent believes in, at least one, and the context its handshakes use.

    A chain is examined once for each host and remembered while the answer cannot change, because the same server shows
    the same chain round after round, and reading it costs as much as a whole dialogue in clear. The handshake itself
    proves each time that the server has the certificate's key.
    """

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        self._roots = Roots(roots)
        self._kept: OrderedDict[tuple[str, bytes], Examination] = OrderedDict()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        # Old servers are to be reported as weak, not as unreachable.
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")

    def examine(self, chain: Sequence[bytes], host: str, now: datetime) -> Examination:
        """The verdict about a DER chain, the server's own certificate first, for `host` at `now`."""
        key = host, sha256(b"".join(chain)).digest()
        kept = self._kept.get(key)
        if kept is None or not kept.made <= now < kept.holds_until:
            kept = self._kept[key] = examine(chain, host, now, self._roots)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return kept


def load_roots(extra: Path | None = None) -> list[x509.Certificate]:
    """The system's trusted certificates and those of `extra` (PEM). Raises NoRootsError."""
    roots = _system_roots()
    if extra is not None:
        try:
            more = _read_pem(extra.read_bytes())
        except OSError as error:
            raise NoRootsError(f"{extra}: {error.strerror}") from error
        if not more:
            raise NoRootsError(f"{extra}: no certificate in it (PEM)")
        roots += more
    if not roots:
        raise NoRootsError("this machine has no trusted certificates (install ca-certificates)")
    return roots


def peer_chain(tls: ssl.SSLObject) -> list[bytes]:
    """The certificates the server sent, DER, its own first."""
    if hasattr(tls, "get_unverified_chain"):  # public from Python 3.13
        return list(tls.get_unverified_chain())
    hidden: Any = tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - the only way before 3.13
    return [certificate.public_bytes(_DER) for certificate in hidden.get_unverified_chain() or []]


def _system_roots() -> list[x509.Certificate]:
    paths = ssl.get_default_verify_paths()
    for place in (paths.cafile, *_PLACES):
        if place and Path(place).is_file() and (roots := _read_pem(Path(place).read_bytes())):
            return roots
    folder = Path(paths.capath) if paths.capath else None
    if folder and folder.is_dir():
        return [root for file in sorted(folder.iterdir()) if file.is_file() for root in _read_pem(file.read_bytes())]
    return []


def _read_pem(text: bytes) -> list[x509.Certificate]:
    """One by one, so that a single odd certificate does not cost the others."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in text.split(_PEM_END)[:-1]:
            try:
                found.append(x509.load_pem_x509_certificate(block + _PEM_END + b"\n"))
            except UNREADABLE:
                continue
    return found
