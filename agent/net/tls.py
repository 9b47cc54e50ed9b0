"""TLS for checks: one cheap context that accepts every certificate, and our own verdict about it afterwards.

With verification inside the handshake a failed one would show no certificate, and loading the system's roots per
connection costs more than everything else of a check (CA-less context: see README, Decisions).
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from agent.errors import CheckError
from shared.failures import FailureKind
from shared.messages import Fact

_DER = 2  # _ssl.ENCODING_DER
_PLACES = ("/etc/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_SERVER = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_PEM_END = b"-----END CERTIFICATE-----"


class NoRootsError(Exception):
    """This machine has no trusted certificates, or a file of them cannot be read: our fault, told before any check."""


class Trust:
    """The roots an agent believes in, at least one, and the context its handshakes use."""

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        trusted = list(roots)
        self._fingerprints = {root.fingerprint(SHA256()) for root in trusted}
        self._builder = (
            PolicyBuilder().store(Store(trusted)).extension_policies(ca_policy=_ca_policy(), ee_policy=_server_policy())
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        # Old servers are to be reported as weak, not as unreachable.
        self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.context.set_ciphers("DEFAULT:@SECLEVEL=0")

    def examine(self, chain: list[bytes], host: str, now: datetime) -> CheckError | None:
        """Why the certificate is not good for `host` at `now`, or None. `chain` is DER, the server's own first.

        Structural: its dates, then a chain to a root, then the name (RFC 5280 section 6, RFC 9525 section 6).
        """
        try:
            leaf, *others = _parse(chain)
            if now > leaf.not_valid_after_utc:
                ended = f"expired on {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
                return CheckError(FailureKind.CERTIFICATE_EXPIRED, ended)
            if now < leaf.not_valid_before_utc:
                begins = f"valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
                return CheckError(FailureKind.CERTIFICATE_NOT_YET_VALID, begins)
            if leaf.fingerprint(SHA256()) not in self._fingerprints:
                self._builder.time(now).build_client_verifier().verify(leaf, others)
            if not names_host(leaf, host):
                names = ", ".join(_names(leaf)) or "nobody"
                return CheckError(FailureKind.CERTIFICATE_WRONG_HOST, f"made for {names}, not for {host}")
        except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
            return CheckError(FailureKind.CERTIFICATE_UNTRUSTED, _reason(chain, error))
        return None


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


def facts(tls: ssl.SSLObject, chain: list[bytes], problem: CheckError | None, now: datetime) -> dict[str, Fact]:
    """What a result tells about its TLS session, whether the certificate is good or not."""
    cipher = tls.cipher()
    told: dict[str, Fact] = {"tlsVersion": tls.version(), "tlsCipher": cipher[0] if cipher else None}
    told["certificateValid"] = problem is None
    try:
        leaf = _parse(chain[:1])[0]
        told |= {
            "certificateSubject": leaf.subject.rfc4514_string(),
            "certificateIssuer": leaf.issuer.rfc4514_string(),
            "certificateNames": _names(leaf)[:50],
            "certificateSerial": f"{leaf.serial_number:x}",
            "certificateSha256": leaf.fingerprint(SHA256()).hex(),
            "certificateNotBefore": leaf.not_valid_before_utc.isoformat().replace("+00:00", "Z"),
            "certificateNotAfter": leaf.not_valid_after_utc.isoformat().replace("+00:00", "Z"),
            "certificateDaysLeft": (leaf.not_valid_after_utc - now).days,
        }
    except (ValueError, IndexError):
        told["certificateSubject"] = None
    return told


def names_host(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for `host`: an IP literal by IP SAN, a name by DNS SAN (RFC 9525 section 6).

    Without any DNS SAN the common name counts, as with OpenSSL; private CAs still make such certificates.
    """
    try:
        wanted = ip_address(host)
    except ValueError:
        names = _dns_names(certificate) or _common_names(certificate)
        return any(_matches(name, host) for name in names)
    return wanted in _san(certificate).get_values_for_type(x509.IPAddress)


def _matches(pattern: str, host: str) -> bool:
    """`*` stands for exactly one whole label, the leftmost, of a name of at least three."""
    pattern = pattern.lower().removesuffix(".")
    host = host.lower().removesuffix(".")
    if pattern.startswith("*.") and pattern.count(".") >= 2:
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def _names(certificate: x509.Certificate) -> list[str]:
    addresses = [str(address) for address in _san(certificate).get_values_for_type(x509.IPAddress)]
    return [*_dns_names(certificate), *addresses] or _common_names(certificate)


def _dns_names(certificate: x509.Certificate) -> list[str]:
    return _san(certificate).get_values_for_type(x509.DNSName)


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _san(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _reason(chain: list[bytes], error: Exception) -> str:
    try:
        leaf = _parse(chain[:1])[0]
    except (ValueError, IndexError):
        return "the certificate cannot be read"
    if leaf.issuer == leaf.subject:
        return "self-signed"
    lead = f"no chain to a trusted root from issuer {leaf.issuer.rfc4514_string()}"
    return f"{lead} ({str(error).partition('(encountered')[0].strip()})" if len(chain) > 1 else lead


def _parse(chain: list[bytes]) -> list[x509.Certificate]:
    """Raises ValueError."""
    if not chain:
        raise ValueError("no certificate")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # odd but readable certificates (a negative serial) are the server's own business
        return [x509.load_der_x509_certificate(certificate) for certificate in chain]


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
            except ValueError:
                continue
    return found


# cryptography's own policy is that of the web PKI, stricter than OpenSSL's: many private CAs would fail it for a
# missing key identifier. What is kept is what makes a chain safe: who may sign, and for which use.


def _ca_policy() -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_ca)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_servers)
    )


def _server_policy() -> ExtensionPolicy:
    return ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_servers)


def _is_ca(_policy: object, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an issuer is no CA")


def _may_sign(_policy: object, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an issuer may not sign certificates")


def _for_servers(_policy: object, _certificate: x509.Certificate, usages: x509.ExtendedKeyUsage | None) -> None:
    if usages is not None and _SERVER.isdisjoint(usages):
        raise ValueError("not for servers")
