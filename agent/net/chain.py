"""Whether a chain of certificates leads to a root that this machine trusts (RFC 5280 section 6).

The default policy of cryptography is that of the web PKI, which is stricter than OpenSSL's: many private CAs would fail
it for a missing key identifier, others for their algorithms. Here only the safety of a chain counts: who may sign, and
for which use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from agent.net.lenient_chain import SERVER, find_path


class Verified(NamedTuple):
    """`path` leads from the server's certificate to a root, as far as one was found. `refusal` says in one sentence why
    none was; None if one was.
    """

    path: Sequence[x509.Certificate]
    refusal: str | None = None


class Roots:
    """The certificates that an agent trusts, at least one. A leaf among them needs no chain."""

    def __init__(self, roots: Iterable[x509.Certificate]) -> None:
        self._trusted = list(roots)
        self._fingerprints = {root.fingerprint(SHA256()) for root in self._trusted}
        self._builder = (
            PolicyBuilder()
            .store(Store(self._trusted))
            .extension_policies(ca_policy=_ca_policy(), ee_policy=_server_policy())
        )

    def verify(self, leaf: x509.Certificate, others: Sequence[x509.Certificate], moment: datetime) -> Verified:
        """Whether a chain leads from `leaf` to a root at `moment`, by `others`, which the server sent."""
        if leaf.fingerprint(SHA256()) in self._fingerprints:
            return Verified([leaf])
        try:
            return Verified(self._builder.time(moment).build_client_verifier().verify(leaf, list(others)).chain)
        except (VerificationError, ValueError, UnsupportedAlgorithm):
            path = find_path(leaf, others, self._trusted, moment)
        return Verified(path) if path is not None else Verified([leaf], _refusal(leaf, others, moment))


def _refusal(leaf: x509.Certificate, others: Sequence[x509.Certificate], moment: datetime) -> str:
    if leaf.issuer == leaf.subject:
        return "self-signed"
    lead = f"no chain to a trusted root from issuer {leaf.issuer.rfc4514_string()}"
    if any(not one.not_valid_before_utc <= moment <= one.not_valid_after_utc for one in others):
        return f"{lead}: a certificate that the server sent is not valid now"
    return f"{lead} by the certificates that the server sent" if others else f"{lead}: the server sent no other one"


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
        raise ValueError("the issuer is not a CA")


def _may_sign(_policy: object, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the issuer must not sign certificates")


def _for_servers(_policy: object, _certificate: x509.Certificate, usages: x509.ExtendedKeyUsage | None) -> None:
    if usages is not None and SERVER.isdisjoint(usages):
        raise ValueError("the certificate is not for servers")
