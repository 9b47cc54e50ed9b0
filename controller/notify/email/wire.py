"""How mails are written: headers of identifiers and addresses of pages are folded between their words only. The library
would encode a word that is longer than a line (RFC 2047), and no mail program understands it there.
"""

from __future__ import annotations

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import SMTP, Policy

_COLUMNS = 76


class WordsHeader(UnstructuredHeader, BaseHeader):
    """A header whose words stay as they are."""

    def fold(self, *, policy: Policy) -> str:
        first, *words = str(self).split() or [""]
        lines = [f"{self.name}: {first}"]
        for word in words:
            if len(lines[-1]) + len(word) < _COLUMNS:
                lines[-1] += f" {word}"
            else:
                lines.append(f" {word}")
        return policy.linesep.join(lines) + policy.linesep


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, WordsHeader)
    return registry


WIRE = SMTP.clone(header_factory=_registry())
