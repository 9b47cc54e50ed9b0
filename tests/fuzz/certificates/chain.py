"""A chain as a server sends it: each certificate after its length in two bytes, the server's own first."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from agent.net.certificate import MOST_NAMES
from agent.net.certificate_checks import examine
from agent.net.chain import Roots
from tests.fakes.weak_certificates import signed_with_sha1
from tests.unit.agent.net.certificate_samples import CA, CLIENT_ONLY, KEY, NOW, ROOT, certificate, der, leaf

_HOST = "mail.example.test"
_ROOTS = Roots([ROOT])
_MOST = 8


def _sent(chain: list[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(2, "big") + one for one in chain)


_INTERMEDIATE = certificate(subject="mid", issuer="root", extensions=(CA,))

SEEDS = (
    _sent([]),
    _sent([der(leaf())]),
    _sent([der(leaf("mid")), der(_INTERMEDIATE), der(ROOT)]),
    _sent([der(certificate(_HOST, "*.example.test", "192.0.2.1", "2001:db8::1"))]),
    _sent([der(leaf("root", CLIENT_ONLY))]),
    _sent([der(signed_with_sha1(leaf("mid"), KEY)), der(signed_with_sha1(_INTERMEDIATE, KEY))]),
)


def check(data: bytes) -> None:
    """Whatever is sent, there is an examination that can be sent on, and what is no certificate is not valid."""
    chain: list[bytes] = []
    while data and len(chain) < _MOST:
        length = int.from_bytes(data[:2], "big")
        chain.append(data[2 : 2 + length])
        data = data[2 + length :]
    for host in (_HOST, "192.0.2.1"):
        found = examine(chain, host, NOW, _ROOTS)
        facts = found.facts(NOW)
        assert facts["certificateValid"] is (not found.problems)
        assert found.holds_until > NOW
        assert found.made == NOW
        assert isinstance(found.expires_within(14, NOW), bool)
        assert found.ends == "" or found.not_after is not None
        assert msgspec.json.decode(msgspec.json.encode(facts)) == facts
        names = facts.get("certificateNames", [])
        assert isinstance(names, list)
        assert len(names) <= MOST_NAMES
        examine(chain, host, datetime(1, 1, 2, tzinfo=UTC), _ROOTS)
