"""TLS for checks: one cheap context that accepts every certificate, which is examined afterwards.

If the handshake verified it, a failed handshake would show no certificate. And loading the system's roots for each
connection would cost more than all the rest of a check (docs/decisions, 024).
"""

from __future__ import annotations

import ssl
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509

from agent.net.certificate import UNREADABLE
from agent.net.certificate_checks import Examination, examine
from agent.net.chain import Roots

_SYSTEM_FILES = ("/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_WEAK_VERSIONS = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})  # RFC 8996
_FORWARD_SECRET = ("ECDHE-", "DHE-")  # RFC 9325 section 4.1: servers should not use static RSA
_LEAST_CIPHER_BITS = 128
_PEM_END = b"-----END CERTIFICATE-----"
MOST_KEPT = 2048
"""How many examinations an agent remembers."""


class NoRootsError(Exception):
    """This machine has no trusted certificates, or their file cannot be read: raised before any check runs."""


class Trust:
    """The roots that an agent trusts, at least one, and the context for its handshakes.

    A chain is examined once per host and remembered while the outcome cannot change: a server shows the same chain in
    each round, and reading it costs as much as a whole dialogue in clear text. The handshake itself proves each time
    that the server has the certificate's key.
    """

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        self._roots = Roots(roots)
        self._kept: OrderedDict[tuple[str, bytes], Examination] = OrderedDict()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        # Old servers must be reported as weak, not as unreachable.
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")

    def examine(self, chain: Sequence[bytes], host: str, now: datetime) -> Examination:
        """The examination of a DER chain, the server's certificate first, for `host` at `now`; remembered or new."""
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


def weakness(tls: ssl.SSLObject) -> str | None:
    """What is weak about the negotiated version or cipher suite, in words; None if nothing is."""
    version, cipher = tls.version(), tls.cipher()
    if version in _WEAK_VERSIONS:
        return version
    if cipher is None or version == "TLSv1.3":
        return None
    name, _, bits = cipher
    if bits < _LEAST_CIPHER_BITS:
        return f"{name}: a cipher of {bits} bits"
    return None if name.startswith(_FORWARD_SECRET) else f"{name}: no forward secrecy"


def _system_roots() -> list[x509.Certificate]:
    defaults = ssl.get_default_verify_paths()
    for path in (defaults.cafile, *_SYSTEM_FILES):
        if path and Path(path).is_file() and (roots := _read_pem(Path(path).read_bytes())):
            return roots
    folder = Path(defaults.capath) if defaults.capath else None
    if folder and folder.is_dir():
        return [root for file in sorted(folder.iterdir()) if file.is_file() for root in _read_pem(file.read_bytes())]
    return []


def _read_pem(text: bytes) -> list[x509.Certificate]:
    """Read the certificates one by one, so that a malformed one does not prevent reading the others."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in text.split(_PEM_END)[:-1]:
            try:
                found.append(x509.load_pem_x509_certificate(block + _PEM_END + b"\n"))
            except UNREADABLE:
                continue
    return found
