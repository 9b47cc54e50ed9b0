"""Short words of failures, for cells. Pure."""

from __future__ import annotations

from controller.kinds.words import USUAL_WORDS, KindWords

_SHORT = {
    "dns_not_found": "no such name",
    "dns_error": "DNS error",
    "address_forbidden": "not allowed",
    "tls_handshake": "TLS failed",
    "certificate_expired": "cert expired",
    "certificate_not_yet_valid": "cert too new",
    "certificate_wrong_host": "cert: name",
    "certificate_untrusted": "cert untrusted",
    "starttls_missing": "no STARTTLS",
    "starttls_refused": "STARTTLS refused",
    "starttls_injection": "STARTTLS unsafe",
    "greeting_invalid": "bad greeting",
    "protocol_error": "bad reply",
    "reply_too_long": "long reply",
    "temporary_refusal": "refused for now",
    "policy_refusal": "address refused",
    "login_refused": "login refused",
    "login_mechanism_missing": "no way to log in",
    "login_unavailable": "no login now",
    "mailbox_missing": "no mailbox",
    "recipient_refused": "no recipient",
}


def short_failure(kind: str | None, words: KindWords = USUAL_WORDS) -> str:
    """What went wrong, in a word or two. Kinds of failure that newer agents know stay readable, and so do those that
    mean something else for the monitor's kind than usual.
    """
    usual = None if any(own.value == kind for own in words.failures) else _SHORT.get(kind or "")
    return usual or (kind or "failed").replace("_", " ")
