"""The certificates that a server sent.

Before Python 3.13 `ssl` has no public way to read them, so this is the one module that looks inside an SSLObject.
"""

from __future__ import annotations

import ssl
from typing import Any

_DER = 2  # _ssl.ENCODING_DER


def peer_chain(tls: ssl.SSLObject) -> list[bytes]:
    """As DER, the server's own certificate first; empty if it sent none."""
    if hasattr(tls, "get_unverified_chain"):  # public from Python 3.13
        return list(tls.get_unverified_chain())
    internal: Any = tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - the only way before 3.13
    return [certificate.public_bytes(_DER) for certificate in internal.get_unverified_chain() or []]
