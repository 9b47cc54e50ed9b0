"""Changes of facts and findings in sentences for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from controller.decisions.comparison.server_views import Starttls
from controller.decisions.comparison.signs import SignKind

FACT_NAMES: Mapping[str, str] = {
    "certificate": "certificate",
    "certificateTrusted": "trust in the certificate",
    "starttls": "STARTTLS",
    "tlsVersion": "TLS version",
    "greeting": "greeting",
    "capabilities": "list of capabilities under TLS",
    "capabilitiesInClear": "list of capabilities without TLS",
    "loginMechanisms": "list of login mechanisms under TLS",
    "loginMechanismsInClear": "list of login mechanisms without TLS",
}
"""The facts that servers of every kind may have, as they are called in a sentence."""

STARTTLS_WORDS: Mapping[str, str] = {
    Starttls.OFFERED.value: "offered",
    Starttls.MISSING.value: "not offered",
    Starttls.MANGLED.value: "replaced by X's",
    Starttls.REFUSED.value: "refused",
}


class FindingWords(NamedTuple):
    """`name` is a short one, `began` and `ended` are sentences about {where}, `meaning` is what to think of it."""

    name: str
    began: str
    ended: str
    meaning: str


FINDINGS: Mapping[SignKind, FindingWords] = {
    SignKind.STARTTLS_STRIPPED: FindingWords(
        "STARTTLS stripped",
        "STARTTLS vanished in {where}: something on the way takes it away",
        "STARTTLS is offered in {where} again",
        "A device between this country and the server, often a firewall that inspects SMTP, replaces or refuses"
        " STARTTLS, so mail from there travels in clear text.",
    ),
    SignKind.DOWNGRADE_SUSPECTED: FindingWords(
        "downgrade suspected",
        "STARTTLS vanished in {where}, and other countries are still offered it",
        "STARTTLS is offered in {where} again",
        "The server, or somebody on the way, offers this country no STARTTLS while others get it at the same address.",
    ),
    SignKind.INTERCEPTION_SUSPECTED: FindingWords(
        "interception suspected",
        "In {where} the server presents another certificate, which is not trusted",
        "In {where} the server presents its usual certificate again",
        "No other country saw this certificate in the last 7 days. Somebody between this country and the server may"
        " read the connections.",
    ),
    SignKind.PROBE_DISLIKED: FindingWords(
        "probe disliked",
        "In {where} the server answers our probe as a tarpit does",
        "In {where} the server answers our probe as a mail server again",
        "The server distrusts the address of our location. That says nothing about your mail.",
    ),
}


def fact_name(name: str, own: Mapping[str, str] | None = None) -> str:
    """The name of a fact in a sentence; `own` are names of facts that only this kind has."""
    return FACT_NAMES.get(name) or (own or {}).get(name) or name


def value_words(name: str, value: str) -> str:
    """The value of a fact for people."""
    if name == "starttls":
        return STARTTLS_WORDS.get(value, value)
    return value or "nothing"


def words_of_change(
    change: str,
    fact: str | None,
    finding: str | None,
    before: str | None,
    after: str | None,
    countries: Sequence[str],
) -> str:
    """One sentence, such as "The certificate changed from A to B in DE, FI"."""
    where = ", ".join(dict.fromkeys(countries)) or "no country"
    if finding is not None:
        return _of_finding(change, finding, after, where)
    old, new, name = before or "", after or "", fact or ""
    if name == "starttls" and new == Starttls.OFFERED.value:
        return f"STARTTLS is offered in {where} again; before, it was {value_words(name, old)}"
    if name == "starttls":
        return f"STARTTLS vanished in {where}: it is {value_words(name, new)}"
    if name == "certificateTrusted":
        return f"The certificate is {'trusted again' if new == 'yes' else 'not trusted any more'} in {where}"
    return f"The {fact_name(name)} changed from {value_words(name, old)} to {value_words(name, new)} in {where}"


def _of_finding(change: str, finding: str, after: str | None, where: str) -> str:
    known = FINDINGS.get(SignKind(finding)) if finding in set(SignKind) else None
    if known is None:
        return f"{finding.replace('_', ' ').capitalize()} {change} in {where}"
    if change == "began":
        return known.began.format(where=where)
    return after or known.ended.format(where=where)


OWN_NETWORK = "It was the network of our own location, not the server: the finding “{name}” in {where} is withdrawn"
"""Why a finding ended without being over."""
