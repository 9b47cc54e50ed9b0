"""What one check saw of a server, as far as locations and rounds can be compared by it. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from controller.decisions.comparison.domains import domain_of
from shared.wire.failures import FailureKind, Phase, WarningKind
from shared.wire.messages import CheckResult

_STARTTLS = frozenset({"STARTTLS", "STLS"})
_MANGLED = re.compile(r"X{4,}[A-Z]?")
"""What a Cisco PIX or ASA leaves of a capability that it hides, such as XXXXXXXA."""
_LOGINS = ("AUTH=", "AUTH ", "SASL ")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*\.)+[A-Za-z][A-Za-z0-9-]*\.?")
_LEAST_STARS = 5
_LONGEST = 500


class Starttls(StrEnum):
    """What became of STARTTLS in a check."""

    OFFERED = "offered"
    MISSING = "missing"
    MANGLED = "mangled"  # a keyword of X's stands in the list of capabilities
    REFUSED = "refused"


class CheckFindings(NamedTuple):
    """What a result says about the server. `phases` and `warnings` are the names that it has."""

    address: str | None
    facts: Mapping[str, Any]
    phases: Mapping[str, float]
    failure: str | None
    warnings: Collection[str]


class ServerView(NamedTuple):
    """`starttls` is None where it does not apply or is not known, and so is all else that the check did not reach.
    `capabilities` are those that were last listed, on a connection that is `encrypted` or not. `masked`: the greeting
    consists of asterisks. `described` are the certificate's subject, issuer and end. `trusted`: the certificate's chain
    is, and it names the host. `mechanisms` are those of logins, in the order of the alphabet: servers and RFCs do not
    give their order a meaning. `own` are the facts that only this kind has.
    """

    address: str | None
    starttls: Starttls | None
    encrypted: bool
    capabilities: tuple[str, ...] | None
    greeting: str | None
    masked: bool
    greeting_ms: float | None
    certificate: str | None
    described: tuple[str, str, str]
    trusted: bool | None
    tls_version: str | None
    mechanisms: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()


def findings_of(result: CheckResult) -> CheckFindings:
    return CheckFindings(
        result.address,
        result.facts,
        {timing.phase: timing.duration_ms for timing in result.phases},
        result.failure.kind if result.failure else None,
        [warning.kind for warning in result.warnings],
    )


def view_of(found: CheckFindings, own: Collection[str] = ()) -> ServerView | None:
    """None when the check found out nothing that can be compared, as when it did not reach the server."""
    facts = found.facts
    names = _texts(facts.get("capabilities"))
    capabilities = None if names is None else tuple(sorted(name.upper() for name in names))
    greeting = facts.get("greeting")
    certificate = facts.get("certificateSha256")
    version = facts.get("tlsVersion")
    kept = tuple((name, _text(facts[name])[:_LONGEST]) for name in sorted(own) if facts.get(name) is not None)
    starttls = _starttls(found, capabilities)
    if capabilities is None and greeting is None and version is None and starttls is None and not kept:
        return None
    return ServerView(
        address=found.address,
        starttls=starttls,
        encrypted=version is not None,
        capabilities=capabilities,
        greeting=_greeting(greeting),
        masked=_is_masked(greeting),
        greeting_ms=found.phases.get(Phase.GREETING),
        certificate=None if certificate is None else _text(certificate),
        described=("", "", "") if certificate is None else _described(facts),
        trusted=_trusted(facts),
        tls_version=None if version is None else _text(version),
        mechanisms=_mechanisms(facts, capabilities or ()),
        own=kept,
    )


def digest_of(view: ServerView | None) -> int | None:
    """Differs, as good as always, when views differ in what they are compared by. The address counts only where
    something may be wrong: a pool of servers has many addresses, and each check may see another one.
    """
    if view is None:
        return None
    doubtful = view.starttls not in (None, Starttls.OFFERED) or view.trusted is False
    parts = (
        view.address if doubtful else None,
        view.starttls and view.starttls.value,
        view.encrypted,
        view.capabilities,
        view.greeting,
        view.masked,
        view.certificate,
        view.trusted,
        view.tls_version,
        view.mechanisms,
        view.own,
    )
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big", signed=True)


def facts_of(view: ServerView) -> dict[str, str]:
    """The facts that are kept, by name, each in words or as it is on the wire. Capabilities before and after encryption
    differ at many servers, so these are facts of their own.
    """
    where = "" if view.encrypted else "InClear"
    found = {
        "starttls": view.starttls and view.starttls.value,
        "certificate": None if view.certificate is None else certificate_words(view),
        "certificateTrusted": None if view.trusted is None else "yes" if view.trusted else "no",
        "tlsVersion": view.tls_version,
        "greeting": view.greeting,
        f"capabilities{where}": None if view.capabilities is None else ", ".join(_keywords(view.capabilities)),
        f"loginMechanisms{where}": ", ".join(view.mechanisms) or None,
        **dict(view.own),
    }
    return {name: value[:_LONGEST] for name, value in found.items() if value is not None}


def _text(fact: object) -> str:
    """As it can be stored: what servers say may hold NUL."""
    return str(fact).replace("\0", " ")


def _texts(fact: object) -> list[str] | None:
    """None for what is no list: an agent may send anything as a fact."""
    return [_text(each) for each in fact] if isinstance(fact, list | tuple) else None


def _mechanisms(facts: Mapping[str, Any], capabilities: Collection[str]) -> tuple[str, ...]:
    """Capabilities of IMAP hold them; those of SMTP and POP3 are keywords without their parameters."""
    words = {name.upper() for name in _texts(facts.get("loginMechanisms")) or ()}
    for one in capabilities:
        for beginning in _LOGINS:
            if one.startswith(beginning):
                words |= set(one[len(beginning) :].split())
    return tuple(sorted(words))


def _keywords(capabilities: Collection[str]) -> list[str]:
    return [one for one in capabilities if not one.startswith(_LOGINS)]


def _starttls(found: CheckFindings, capabilities: tuple[str, ...] | None) -> Starttls | None:
    if found.failure == FailureKind.STARTTLS_REFUSED or WarningKind.STARTTLS_REFUSED in found.warnings:
        return Starttls.REFUSED
    missing = found.failure == FailureKind.STARTTLS_MISSING
    if not missing:
        if Phase.STARTTLS in found.phases:
            return Starttls.OFFERED
        if capabilities is None or Phase.TLS in found.phases or found.facts.get("tlsVersion") is not None:
            return None
        if not _STARTTLS.isdisjoint(capabilities):
            return Starttls.OFFERED
    mangled = any(_MANGLED.fullmatch(word) for one in capabilities or () for word in one.split())
    return Starttls.MANGLED if mangled else Starttls.MISSING


def _greeting(text: object) -> str | None:
    """The domain of the host in the greeting, since servers of one pool have names of their own, and the words of
    letters among the next two, such as `ESMTP Postfix`: greetings also hold the time and numbers of sessions.
    """
    if text is None:
        return None
    words = _text(text).split()
    host = next((number for number, word in enumerate(words[:2]) if _HOST.fullmatch(word)), None)
    rest = words[:3] if host is None else words[host + 1 : host + 3]
    named = [] if host is None else [domain_of(words[host])]
    return " ".join([*named, *(word for word in rest if word.isalpha())])[:_LONGEST]


def _is_masked(text: object) -> bool:
    letters = "".join(str(text or "").split())
    stars = letters.count("*")
    return stars >= _LEAST_STARS and 2 * stars >= len(letters)


def _trusted(facts: Mapping[str, Any]) -> bool | None:
    chain, named = facts.get("certificateChainValid"), facts.get("certificateNameValid")
    return None if chain is None else bool(chain) and named is not False


def _described(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    subject, issuer = facts.get("certificateSubject"), facts.get("certificateIssuer")
    return _text(subject or ""), _text(issuer or ""), _text(facts.get("certificateNotAfter") or "")


def certificate_words(view: ServerView) -> str:
    """The certificate for people, so that no two certificates have the same words."""
    subject, issuer, until = view.described
    parts = [
        subject[:150] or "no subject",
        f"issued by {issuer[:150] or 'nobody'}",
        *([f"ends {until[:10]}"] if until else []),
        f"SHA-256 {(view.certificate or '')[:16]}",
    ]
    return ", ".join(parts)
